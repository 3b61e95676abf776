"""Leaky ReLU by hand."""

from helpers import close
from keras import ops

from keras_stylegan.layers.activation import leaky_relu


def test_leaky_relu_and_clamp():
    close(leaky_relu(ops.array([-10.0, -1.0, 0.0, 3.0])), [-2.0, -0.2, 0.0, 3.0])
    close(leaky_relu(ops.array([-10.0, 3.0]), clamp=1.5), [-1.5, 1.5])
