import numpy as np
import pytest

from keras_stylegan.evaluation.comparisons import OF_FEATURES, OF_IMAGES, Comparison, floors
from keras_stylegan.metrics.floors import floor


def mean_difference(first, second):
    return float(np.abs(first.mean(axis=0) - second.mean(axis=0)).sum())


def spread(first, second):
    return float(first.std() / second.std())


def test_each_number_of_a_comparison_has_the_floor_it_would_have_alone():
    rng = np.random.default_rng(0)
    pool, heldout = rng.normal(size=(60, 3)), rng.normal(size=(20, 3))
    subjects = np.repeat(np.arange(12), 5).astype(str), np.repeat(np.arange(100, 104), 5).astype(str)
    functions = {"difference": mean_difference, "spread": spread}
    comparison = Comparison("both", None, lambda a, b, *more: {key: f(a, b) for key, f in functions.items()})
    found = floors(comparison, pool, subjects[0], heldout, subjects[1], 15, seed=3)
    for key, function in functions.items():
        assert found[key] == floor(function, pool, subjects[0], heldout, subjects[1], 15, seed=3)
    assert found["difference"].repeats > 1


def test_a_floor_knows_the_subjects_of_both_sides():
    told = []

    def values(first, second, first_subjects, second_subjects, seed):
        told.append((set(first_subjects), set(second_subjects), len(first), seed))
        return {"x": 1.0}

    subjects = np.array(["a", "b", "c"]).repeat(4), np.array(["x", "y"]).repeat(3)
    floors(Comparison("x", None, values), np.zeros((12, 2)), subjects[0], np.zeros((6, 2)), subjects[1], 4, seed=3)
    assert all(found[1:] == ({"x", "y"}, 4, 3) and len(found[0]) == 1 for found in told)
    assert {name for found in told for name in found[0]} <= {"a", "b", "c"}


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
