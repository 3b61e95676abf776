"""Variance along the main directions."""

import numpy as np
import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.main_directions import covered_variance

RNG = np.random.default_rng(0)
TOP, LEFT = np.zeros((2, 16, 16, 1))
TOP[:8], LEFT[:, :8] = 0.3, 0.3
TOP -= TOP.mean()
LEFT -= LEFT.mean()


def images(top, left, count=4000):
    """Two patterns of equal norm, orthogonal to each other, in normal amounts of these deviations."""
    amounts = RNG.standard_normal((count, 2, 1, 1, 1))
    amounts = (amounts - amounts.mean(axis=0)) / amounts.std(axis=0)
    return (amounts[:, 0] * top * TOP + amounts[:, 1] * left * LEFT).astype(np.float32)


@pytest.mark.parametrize(
    ("generated", "expected"),
    # Variances of the real ones: 4 and 1.
    [((2, 1), 1), ((1, 1), 2 / 5), ((2, 0), 4 / 5), ((0, 1), 1 / 5), ((0, 9), 1 / 5), ((9, 0.5), 4.25 / 5)],
)
def test_what_one_direction_has_too_much_another_does_not_get(generated, expected):
    assert covered_variance(images(*generated), images(2, 1)).value == pytest.approx(expected, abs=0.02)


def test_texture_has_no_say():
    big = images(2, 1, 500).repeat(4, axis=1).repeat(4, axis=2)
    stripes = 0.5 * (-1.0) ** np.arange(64)[:, None, None] * RNG.standard_normal((500, 1, 1, 1))
    found = covered_variance((big[:1] + stripes).astype(np.float32), big)
    assert found.value < 0.02 and found.interval[1] < 0.05
    assert covered_variance((big + stripes).astype(np.float32), big, plain=True).value > 0.95


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(InputError, match="at least 2 generated images. Received: 1"):
        covered_variance(images(1, 1, 3)[:1], images(1, 1, 3))
    with pytest.raises(InputError, match="held-out images that differ. Received: all are the same"):
        covered_variance(images(1, 1, 3), np.zeros((3, 16, 16, 1), np.float32))
