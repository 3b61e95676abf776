"""Filters and resampling against scipy."""

import numpy as np
from helpers import close, normal
from scipy.signal import convolve2d

from keras_stylegan.layers.resample import FILTER, downsample, fir_filter, upsample


def test_filter_is_the_papers():
    np.testing.assert_array_equal(FILTER * 64, [[1, 3, 3, 1], [3, 9, 9, 3], [3, 9, 9, 3], [1, 3, 3, 1]])


def test_fir_filter_against_scipy():
    x = normal(2, 5, 7, 3)
    actual = np.asarray(fir_filter(x, (2, 1), gain=3.0))
    assert actual.shape == (2, 5, 7, 3)
    for n in range(2):
        for c in range(3):
            padded = np.pad(x[n, :, :, c], (2, 1))
            close(actual[n, :, :, c], 3 * convolve2d(padded, FILTER, mode="valid"))


def test_downsample_against_scipy():
    x = normal(2, 6, 8, 3)
    actual = np.asarray(downsample(x))
    for n in range(2):
        for c in range(3):
            close(actual[n, :, :, c], convolve2d(np.pad(x[n, :, :, c], 1), FILTER, mode="valid")[::2, ::2])


def test_upsample_against_scipy():
    x = normal(2, 3, 5, 3)
    actual = np.asarray(upsample(x))
    for n in range(2):
        for c in range(3):
            spread = np.zeros((6, 10))
            spread[::2, ::2] = x[n, :, :, c]
            close(actual[n, :, :, c], convolve2d(np.pad(spread, (2, 1)), 4 * FILTER, mode="valid"))


def test_resampling_keeps_a_constant_inside():
    ones = np.ones((1, 8, 8, 1), np.float32)
    close(np.asarray(upsample(ones))[0, 2:-2, 2:-2, 0], np.ones((12, 12)))
    close(np.asarray(downsample(ones))[0, 1:-1, 1:-1, 0], np.ones((2, 2)))
