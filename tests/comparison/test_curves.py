"""Curves of several seeds: their mean and band, and what a damaged file does."""

import numpy as np
import pytest

from keras_stylegan.comparison.curves import POINTS, Curve, mean_and_band, read_evaluations
from keras_stylegan.errors import InputError


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


def test_evaluations_are_read_by_their_columns(tmp_path):
    path = tmp_path / "evaluation.csv"
    assert read_evaluations(path) == {}
    path.write_text("kimg,frechet_random\n1.5,20\n3,nan\n")
    found = read_evaluations(path)
    np.testing.assert_array_equal(found["kimg"], [1.5, 3])
    np.testing.assert_array_equal(found["frechet_random"], [20, np.nan])
    for damage in ("kimg,a\n1\n", "kimg,a\n1,x\n", "a,b\n1,2\n"):
        path.write_text(damage)
        with pytest.raises(InputError, match="evaluation.csv is damaged: move it away"):
            read_evaluations(path)
