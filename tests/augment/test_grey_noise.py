"""Noise of ± k grey levels."""

import numpy as np

from keras_stylegan.augment.grey_noise import add_grey_noise


def test_the_noise_reaches_the_levels_and_no_further():
    """8-bit images are x = v/127.5 − 1, so that one grey level is 1/127.5."""
    black = np.full((3, 1, 1, 1), -1.0)
    found = add_grey_noise(black, np.array([0.0, 0.5, 1.0]).reshape(3, 1, 1, 1), 2.0)
    np.testing.assert_allclose((found.ravel() + 1) * 127.5, [-2.0, 0.0, 2.0], atol=1e-12)
