"""Whole pixels, by hand."""

import numpy as np

from keras_stylegan.augment.blit import cut_out, flipped, shifted

PLANES = np.random.default_rng(0).uniform(0.1, 1, (3, 2, 4, 6)).astype("float32")


def column(*values, dtype="float32"):
    return np.array(values, dtype).reshape(-1, 1, 1, 1)


def test_only_chosen_samples_are_mirrored():
    result = np.asarray(flipped(PLANES, column(True, False, True, dtype=bool)))
    assert np.array_equal(result[0], PLANES[0, ..., ::-1]) and np.array_equal(result[1], PLANES[1])


def test_pixels_are_shifted_unchanged_and_black_comes_in():
    result = np.asarray(shifted(PLANES, column(1, 0, -2), column(-2, 0, 3)))
    expected = np.zeros_like(PLANES)
    expected[0, :, 1:, :-2] = PLANES[0, :, :-1, 2:]
    expected[1] = PLANES[1]
    expected[2, :, :-2, 3:] = PLANES[2, :, 2:, :-3]
    assert np.array_equal(result, expected)


def test_a_rectangle_of_the_stated_size_is_black():
    result = np.asarray(cut_out(PLANES, column(0, 0, -1), column(0, 0, 1), column(0.5, 0, 0.4)))
    expected = PLANES.copy()
    # Half of 4 by 6 pixels; the second is in a corner, and most of it outside.
    expected[0, :, 1:3, 2:4] = 0
    expected[2, :, :1, 5:] = 0
    assert np.array_equal(result, expected)
