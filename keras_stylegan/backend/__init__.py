"""The few things that `keras.ops` lacks, for the backend that Keras runs on (`KERAS_BACKEND`)."""

import importlib

import keras

from keras_stylegan.errors import InputError

_backend = importlib.import_module(f"{__name__}.{keras.backend.backend()}")

GROUPS_OF_STEPS = _backend.GROUPS_OF_STEPS
"""Whether `steps_per_execution` may be above 1."""

Adam = _backend.Adam
JIT_COMPILE = _backend.JIT_COMPILE
"""What `jit_compile` may be, the default first."""
BackendTrainer = _backend.BackendTrainer
compiled = _backend.compiled
gpus = _backend.gpus
input_gradient = _backend.input_gradient
run_if = _backend.run_if
value_and_gradients = _backend.value_and_gradients


def check_options(jit_compile, steps_per_execution):
    """Check two options of `compile`.

    Raises:
        InputError: The backend cannot do that.
    """
    name = keras.backend.backend()
    if jit_compile not in (None, *JIT_COMPILE):
        raise InputError(f"jit_compile must be {JIT_COMPILE[0]} with KERAS_BACKEND={name}. Received: {jit_compile}")
    if steps_per_execution != 1 and not GROUPS_OF_STEPS:
        raise InputError(f"steps_per_execution must be 1 with KERAS_BACKEND={name}. Received: {steps_per_execution}")
