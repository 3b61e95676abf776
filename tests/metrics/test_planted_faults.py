"""Generators with a known fault, made of phantoms: every fault must be seen."""

import numpy as np
import pytest
from scipy import ndimage
from small_phantoms import audit_people, embed

from keras_stylegan.metrics.agreement import class_agreement
from keras_stylegan.metrics.frechet import frechet
from keras_stylegan.metrics.images import as_float
from keras_stylegan.metrics.precision_recall import precision_recall
from keras_stylegan.metrics.spectrum import spectrum_distance


def noisy(images, rng):
    return as_float(images) + rng.normal(0, 0.08, images.shape).astype(np.float32)


def shifted(images, _):
    return np.roll(as_float(images), (2, -1), (1, 2))


def flipped(images, _):
    return as_float(images)[:, :, ::-1]


def everything(images, rng):
    return noisy(flipped(shifted(images, rng), rng), rng)


@pytest.mark.parametrize("fault", [noisy, shifted, flipped, everything])
def test_copies_of_training_images_are_flagged(people, fault):
    training, heldout, _ = people
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(training.images), 120, replace=False)
    result = audit_people(fault(training.images[chosen], rng), training, heldout)
    assert result.verdict == "copies", result.reason
    pixel = result.spaces["pixel"]
    assert np.mean(pixel.generated.indices == chosen) > 0.95  # it names the right source
    assert pixel.ratio_share.value > 0.9
    if fault is flipped:  # the features of a shifted or noisy copy are no longer near
        assert result.authenticity.value == 0
        assert result.heldout_authenticity.interval[0] > 0.4


def test_a_single_noisy_shifted_flipped_copy_is_named(people):
    training, heldout, new = people
    generated = as_float(new.images).copy()
    generated[17:18] = everything(training.images[8:9], np.random.default_rng(0))
    result = audit_people(generated, training, heldout)
    assert result.verdict == "copies" and result.spaces["pixel"].outliers.tolist() == [17]


def test_a_few_exact_copies_among_honest_images_are_flagged(people):
    training, heldout, new = people
    generated = new.images.copy()
    generated[[5, 17, 100]] = training.images[[7, 8, 300]]
    result = audit_people(generated, training, heldout)
    assert result.verdict == "copies"
    assert result.spaces["pixel"].outliers.tolist() == [5, 17, 100]
    assert "(number 5, 17, 100)" in result.reason
    pairs = result.spaces["pixel"].closest(3)
    assert {(pair["generated"], pair["training"]) for pair in pairs} == {(5, 7), (17, 8), (100, 300)}
    assert all(pair["distance"] == pair["ratio"] == 0 for pair in pairs)


def test_new_people_are_not_flagged(people):
    training, heldout, new = people
    result = audit_people(new.images, training, heldout)
    assert result.verdict == "clear", result.reason
    assert "no closer to training images" in result.reason
    for space in result.spaces.values():
        assert space.share.value < 0.06 and len(space.outliers) == 0
    low, high = result.heldout_authenticity.interval
    assert low - 0.1 < result.authenticity.value < high + 0.1


def test_smooth_new_people_are_no_copies(people):
    """Blurred images are near to everything in pixels, which must not pass for copying."""
    training, heldout, new = people
    result = audit_people(ndimage.gaussian_filter(as_float(new.images), (0, 1, 1, 0)), training, heldout)
    assert result.verdict in ("clear", "close"), result.reason


def test_ten_modes_have_low_recall_coverage_and_many_duplicates(people):
    training, heldout, new = people
    rng = np.random.default_rng(1)
    modes = as_float(new.images[:: len(new.images) // 10][:10])
    generated = modes[rng.integers(0, 10, 160)] + rng.normal(0, 0.02, (160, 32, 32, 1)).astype(np.float32)
    collapsed = precision_recall(embed(generated), heldout.features, heldout.subjects)
    honest = precision_recall(new.features, heldout.features, heldout.subjects)
    assert collapsed["recall"].interval[1] < honest["recall"].interval[0]
    assert collapsed["coverage"].interval[1] < honest["coverage"].interval[0]
    duplicates = audit_people(generated, training, heldout)
    assert duplicates.near_duplicate_share.value > 0.9
    assert len(duplicates.near_duplicates) > 10
    first, second, distance = duplicates.near_duplicates[0]
    assert first < second and distance == pytest.approx(
        np.sqrt(np.mean((generated[first] - generated[second])[2:-2, 2:-2] ** 2)) / 2, rel=0.05
    )


def test_blurred_images_are_worse(people):
    _, heldout, new = people
    sharp = as_float(new.images)
    blurred = ndimage.gaussian_filter(sharp, (0, 0.7, 0.7, 0))
    features = embed(blurred)
    assert spectrum_distance(blurred, heldout.images).value > 5 * spectrum_distance(sharp, heldout.images).value
    worse, better = (frechet(values, heldout.features, heldout.subjects) for values in (features, new.features))
    assert worse.interval[0] > better.value
    worse, better = (precision_recall(values, heldout.features)["precision"] for values in (features, new.features))
    assert worse.interval[1] < better.interval[0]


def test_mislabelled_classes_lower_the_agreement(people):
    training, heldout, new = people
    real = (training.features, training.labels, heldout.features, heldout.labels)
    classes = ("AD", "NC")
    right = class_agreement(*real, new.features, new.labels, classes, heldout.subjects)
    assert right.note == "" and right.heldout.interval[0] > 0.5
    assert right.generated.value == pytest.approx(right.heldout.value, abs=0.1)
    swapped = class_agreement(*real, new.features, 1 - new.labels, classes, heldout.subjects)
    assert swapped.generated.value == pytest.approx(1 - right.generated.value)
    mixed = class_agreement(
        *real, new.features, np.random.default_rng(0).permutation(new.labels), classes, heldout.subjects
    )
    assert mixed.generated.interval[1] < right.generated.interval[0]
