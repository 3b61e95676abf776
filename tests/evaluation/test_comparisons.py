import numpy as np
import pytest

from keras_stylegan.evaluation.comparisons import OF_FEATURES, OF_IMAGES


@pytest.mark.parametrize("comparison", OF_FEATURES, ids=lambda comparison: comparison.name)
def test_comparisons_of_features_give_the_same_numbers_for_value_and_floor(comparison):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(30, 4)).astype(np.float32), rng.normal(size=(25, 4)).astype(np.float32)
    estimates = comparison.measure(first, second, None, None, 0)
    distances = comparison.values(first, second, None, None, 0)
    assert distances == pytest.approx({key: estimate.value for key, estimate in estimates.items()}, rel=1e-5)


@pytest.mark.parametrize("comparison", OF_IMAGES, ids=lambda comparison: comparison.name)
def test_comparisons_of_images_are_zero_for_equal_sets_and_grow_with_a_fault(comparison):
    images = np.random.default_rng(0).integers(60, 200, (8, 16, 16, 1)).astype(np.uint8)
    coarse = images.reshape(8, 4, 4, 4, 4, 1).mean(axis=(2, 4)).astype(np.uint8)
    blurred = coarse.repeat(4, axis=1).repeat(4, axis=2)
    same, fault = (comparison.values(other, images, None, None, 0) for other in (images, blurred))
    assert all(fault[key] > 1.5 * same[key] for key in same)
