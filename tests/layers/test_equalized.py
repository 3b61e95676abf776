"""Dense layer and convolution with equalised learning rate, by hand and against a numpy loop."""

import numpy as np
import pytest
import reference_numpy as reference
from helpers import close, nchw, normal, oihw, randomize
from keras import ops

from keras_stylegan.layers.equalized import EqualizedConv2D, EqualizedDense


def test_dense_by_hand():
    layer = EqualizedDense(1, activation="leaky_relu", lr_multiplier=0.5)
    layer.build((None, 4))
    layer.kernel.assign([[1.0], [2.0], [-3.0], [4.0]])
    layer.bias.assign([6.0])
    # (1 + 2 - 3 + 4) · 0.5/√4 + 0.5 · 6 = 4, times √2; (−10 − 10) … = -5 + 3 = -2, times 0.2·√2
    close(layer(ops.array([[1.0, 1, 1, 1], [-5.0, -5, -5, -5]])), [[4 * 2**0.5], [-2 * 0.2 * 2**0.5]])


@pytest.mark.parametrize("lr_multiplier", [1.0, 0.01])
def test_dense(lr_multiplier):
    layer = EqualizedDense(5, lr_multiplier=lr_multiplier, bias_init=1.0, seed=0)
    x = normal(3, 7)
    layer.build(x.shape)
    close(layer.bias.numpy() * lr_multiplier, np.ones(5))
    p = {"a.weight": layer.kernel.numpy().T, "a.bias": layer.bias.numpy()}
    close(layer(x), reference.dense(p, "a", x, lr_multiplier))


@pytest.mark.parametrize("kernel_size", [1, 3])
@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("activation", [None, "leaky_relu"])
def test_conv(kernel_size, down, activation):
    layer = EqualizedConv2D(5, kernel_size, down=down, activation=activation, gain=0.6, seed=0)
    x = normal(2, 8, 8, 3)
    layer.build(x.shape)
    randomize(layer)
    p = {"a.weight": oihw(layer.kernel), "a.bias": layer.bias.numpy()}
    close(nchw(layer(x)), reference.conv_layer(p, "a", nchw(x), down, activation is not None, 0.6))


def test_conv_clamp_is_before_the_gain():
    layer = EqualizedConv2D(2, 1, gain=0.5, clamp=1.0, seed=0)
    assert np.max(np.abs(layer(100 * normal(2, 4, 4, 3)))) == 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EqualizedDense(0), "units must be at least 1. Received: 0"),
        (lambda: EqualizedDense(3, activation="relu"), "'leaky_relu'. Received: 'relu'"),
        (lambda: EqualizedConv2D(0, 3), "filters must be at least 1. Received: 0"),
        (lambda: EqualizedConv2D(2, 5), "kernel_size must be 1 or 3. Received: 5"),
        (lambda: EqualizedConv2D(2, 3, activation="relu"), "'leaky_relu'. Received: 'relu'"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
