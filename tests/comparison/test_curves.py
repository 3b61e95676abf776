"""Curves of several seeds: their mean and band."""

import numpy as np

from keras_stylegan.comparison.curves import POINTS, Curve, mean_and_band


def curve(x, y):
    return Curve(np.array(x, float), np.array(y, float))


def test_the_mean_is_taken_where_all_seeds_have_been():
    # Between 2 and 4 the first is x, the second 10 - x.
    x, mean, low, high = mean_and_band([curve([0, 4], [0, 4]), curve([2, 6], [8, 4])])
    assert (x[0], x[-1], len(x)) == (2, 4, POINTS)
    np.testing.assert_allclose(mean, 5)
    np.testing.assert_allclose(low, x)
    np.testing.assert_allclose(high, 10 - x)


def test_one_seed_is_its_own_mean():
    x, mean, low, high = mean_and_band([curve([1, 2], [3, 5])])
    assert list(x) == [1, 2] and list(mean) == list(low) == list(high) == [3, 5]
