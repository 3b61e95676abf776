"""What a generator learns behind each operation: the distribution without it, up to the stated strength."""

import pytest
from toy_generator import leak

from keras_stylegan.augment.operations import OPERATIONS

LITTLE = 0.12
"""Sampling error of 3,000 draws: with no augmentation at all it is up to 0.05."""


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_up_to_its_stated_strength_an_operation_does_not_leak(operation):
    assert leak(operation.name, operation.stated_strength) < LITTLE


def test_a_mirror_image_that_is_always_drawn_leaks():
    """Always mirrored or not with equal odds, an image tells nothing of what it was: the one certain leak."""
    assert leak("flip", 1.0) > 0.5 > LITTLE > leak("flip", 0.7)
