"""Normalisation by hand."""

from helpers import close
from keras import ops

from keras_stylegan.layers.normalize import normalize_second_moment


def test_normalization_by_hand():
    # mean square of (3, 4) is 12.5
    close(normalize_second_moment(ops.array([[3.0, 4.0], [0.0, 0.0]])), [[3 / 12.5**0.5, 4 / 12.5**0.5], [0.0, 0.0]])
