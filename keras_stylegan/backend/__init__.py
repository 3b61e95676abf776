"""The few things that `keras.ops` lacks, for the backend that Keras runs on."""

import keras

if keras.backend.backend() != "tensorflow":
    raise ImportError(f"keras_stylegan trains on the tensorflow backend. Received: {keras.backend.backend()!r}")

from keras_stylegan.backend.tensorflow import (
    Adam,
    BackendTrainer,
    compiled,
    input_gradient,
    run_if,
    value_and_gradients,
)

__all__ = ["Adam", "BackendTrainer", "compiled", "input_gradient", "run_if", "value_and_gradients"]
