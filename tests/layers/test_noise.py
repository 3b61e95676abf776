"""The noise layer by hand."""

import numpy as np
import pytest
from helpers import close, normal

from keras_stylegan.layers.noise import NoiseInjection


def test_noise():
    layer = NoiseInjection(gain=2.0, seed=0)
    x, noise = normal(2, 3, 3, 4), normal(2, 3, 3, 1, seed=1)
    layer.build(x.shape)
    np.testing.assert_array_equal(layer(x), x)  # the strength starts at 0
    layer.strength.assign(0.5)
    close(layer(x), x + 1.0 * layer.noise_const.numpy())
    close(layer(x, noise=noise), x + 1.0 * noise)
    np.testing.assert_array_equal(layer(x, noise="none"), x)
    with pytest.raises(ValueError, match="noise must be 'const', 'none' or a tensor. Received: 'random'"):
        layer(x, noise="random")


def test_noise_buffer_is_not_trained():
    layer = NoiseInjection()
    layer.build((None, 3, 3, 4))
    assert [variable.name for variable in layer.trainable_variables] == ["strength"]
