"""The few things that `keras.ops` lacks, for the backend that Keras runs on (`KERAS_BACKEND`)."""

import importlib

import keras

_backend = importlib.import_module(f"{__name__}.{keras.backend.backend()}")

Adam = _backend.Adam
JIT_COMPILE = _backend.JIT_COMPILE
"""What `jit_compile` may be, the default first."""
BackendTrainer = _backend.BackendTrainer
compiled = _backend.compiled
input_gradient = _backend.input_gradient
run_if = _backend.run_if
value_and_gradients = _backend.value_and_gradients
