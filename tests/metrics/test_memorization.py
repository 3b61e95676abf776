from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.alignment import Neighbours
from keras_stylegan.metrics.audit_space import (
    excess_p_value,
    feature_nearest,
    first_percentile,
    make_space,
    tail_p_values,
)
from keras_stylegan.metrics.memorization import AuditFeatures, _verdict, audit


def neighbours(distances, others):
    distances = np.asarray(distances, float)
    return Neighbours(distances, np.zeros(len(distances), int), np.broadcast_to(others, distances.shape))


def test_share_below_the_first_percentile():
    null = np.arange(1, 1002) / 1001  # its 1st percentile is the 10th value
    generated = np.concatenate([np.full(30, 0.0005), np.full(70, 0.5)])
    space = make_space(neighbours(generated, 1.0), neighbours(null, 1.0), np.arange(1001), 0)
    assert space.threshold == pytest.approx(10 / 1001)
    assert space.share.value == 0.3 and space.ratio_share.value == 0.3
    low, high = space.share.interval
    # Whichever held-out images there are, 30 of 100 lie below.
    expected = stats.binomtest(30, 100).proportion_ci(method="exact")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.002)


def test_no_image_below_the_threshold_is_no_interval_of_zeros():
    null, owners = neighbours(np.linspace(1, 2, 200), 10.0), np.arange(200)
    share = make_space(neighbours(np.full(16, 5.0), 10.0), null, owners, 0).share
    expected = stats.binomtest(0, 16).proportion_ci(method="exact")
    assert share.value == share.interval[0] == 0 and share.interval[1] == pytest.approx(expected.high, abs=0.002)
    share = make_space(neighbours(np.full(16, 0.5), 10.0), null, owners, 0).share
    assert share.value == share.interval[1] == 1 and share.interval[0] == pytest.approx(1 - expected.high, abs=0.002)


def test_p_value_by_simulation():
    """New values from the null's own distribution: the p-value is the share of draws with as many or more below."""
    rng = np.random.default_rng(2)
    null = rng.random(200)
    counts = []
    for _ in range(4000):
        drawn = rng.random(200)
        counts.append(np.count_nonzero(rng.random(300) < first_percentile(drawn)))
    for below in (2, 5, 10):
        expected = np.mean(np.array(counts) >= below)
        assert excess_p_value(below, 300, null, np.arange(200)) == pytest.approx(expected, abs=0.02)


def test_p_value_knows_that_slices_of_one_person_are_alike():
    """Held-out people with 20 equal slices each: 1% of 1000 images is half a person."""
    rng = np.random.default_rng(3)
    owners = np.repeat(np.arange(50), 20)
    null = rng.random(50)[owners] + 1e-6 * rng.random(1000)
    by_person, by_image = (excess_p_value(25, 1000, null, groups) for groups in (owners, np.arange(1000)))
    assert by_image < 0.01 < 0.05 < by_person
    assert excess_p_value(500, 1000, null, owners) < 1e-3


def test_p_value_beyond_the_null_by_hand():
    """Subjects' smallest ratios e^-4, e^-2, e^-1, e^-1 (half of 4 are the tail): excesses 3 and 1 over e^-1."""
    null, owners = np.exp(-np.array([4.0, 3, 2, 1, 1])), np.array([0, 0, 1, 2, 3])
    found = tail_p_values(np.exp(-np.array([0.5, 1, 1 + 1e-9, 5, 13, np.inf])), null, owners)
    np.testing.assert_allclose(found, [1, 1, 3 / 5, 3 / 5 / 2**2, 3 / 5 / 4**2, 0], atol=1e-8)
    # A training image among the held-out ones (ratio 0) hides no copy.
    with_copy = tail_p_values(np.exp([-5.0]), np.append(null, 0), np.append(owners, 3))
    assert with_copy == pytest.approx(3 / 5 / 4)


def test_p_value_beyond_the_null_by_simulation():
    """Ratios of new people as of the held-out: a p-value is below 1% in 1% of cases, however few people there are."""
    rng = np.random.default_rng(0)
    for people in (6, 60):
        below = [
            np.mean(tail_p_values(rng.random(100) ** 0.1, rng.random(people) ** 0.1, np.arange(people)) < 0.01)
            for _ in range(4000)
        ]
        assert np.mean(below) == pytest.approx(0.01, abs=4 * np.std(below) / 4000**0.5)


def test_many_images_of_new_people_have_no_outlier_and_one_copy_has():
    """5000 draws reach further into the tail than 120 people with 4 slices do."""
    rng = np.random.default_rng(5)
    generated, null = (rng.random(count) ** 0.05 for count in (5000, 480))
    assert generated.min() < 0.9 * null.min()
    owners = np.repeat(np.arange(120), 4)
    honest = make_space(neighbours(generated, 1.0), neighbours(null, 1.0), owners, 0)
    assert honest.outliers.tolist() == []
    generated[[70, 4000]] = 0.3, 0.2
    space = make_space(neighbours(generated, 1.0), neighbours(null, 1.0), owners, 0)
    assert space.outliers.tolist() == [4000, 70] and space.as_dict()["outliers"] == [4000, 70]
    assert [pair["generated"] for pair in space.closest(2, "ratio")] == [4000, 70]
    assert space.closest(1, "ratio")[0]["ratio"] == pytest.approx(0.2)


def test_few_subjects_widen_the_interval():
    """100 distances of 5 people vary as much as 5, of 100 people as much as 100."""
    rng = np.random.default_rng(0)
    owners = np.repeat(np.arange(5), 20)
    null = neighbours(rng.standard_normal(5)[owners] + 5 + 0.01 * rng.standard_normal(100), 10.0)
    generated = neighbours(rng.standard_normal(400) + 4, 10.0)
    few, many = (make_space(generated, null, groups, 0).share.interval for groups in (owners, np.arange(100)))
    assert few[1] - few[0] > 2 * (many[1] - many[0])


def test_ratio_of_equal_images_is_zero_and_of_two_zeros_one():
    found = neighbours([0.0, 0.0, 1.0], np.array([2.0, 0.0, np.inf]))
    assert found.ratios.tolist() == [0, 1, 0]


def test_features_are_compared_mirrored_and_with_another_subject():
    training, owners = np.array([[0.0], [1.0], [10.0]]), np.array([0, 0, 1])
    found = feature_nearest(np.array([[7.0], [0.5]]), np.array([[9.5], [20.0]]), training, owners)
    np.testing.assert_allclose(found.distances, [0.5, 0.5])
    assert found.indices[0] == 2
    # mirrored: 9.5 to 1 is 8.5; as it is: 7 to 1 is 6
    np.testing.assert_allclose(found.other_distances, [6, 9.5])


@pytest.fixture
def noise():
    """Independent images: (60 generated, 80 training, 120 held-out) and the pixels as features."""
    rng = np.random.default_rng(1)
    sets = [rng.uniform(-1, 1, (count, 16, 16, 1)).astype(np.float32) for count in (60, 80, 120)]
    return sets, AuditFeatures("pixels", *(images.reshape(len(images), -1) for images in sets))


def test_few_heldout_subjects_leave_it_undecided(noise):
    sets, features = noise
    result = audit(*sets, features, heldout_subjects=np.repeat(np.arange(4), 30))
    assert result.verdict == "undecided"
    assert "only 4 held-out subjects, at least 5 are needed" in result.reason
    assert audit(*sets, features).verdict == "clear"


def test_few_generated_images_leave_it_undecided_and_what_they_cannot_show_is_told(noise):
    (generated, training, heldout), features = noise
    few = AuditFeatures("pixels", features.generated[:16], features.training, features.heldout)
    result = audit(generated[:16], training, heldout, few)
    # Of a share q of copies 16 images show none with probability (1 - q)^16: 5 % for q = 17 %.
    expected = stats.binomtest(0, 16, alternative="less").proportion_ci(0.95, "exact").high
    assert result.unnoticed_share == pytest.approx(expected) and expected == pytest.approx(0.17, abs=0.002)
    assert result.verdict == "undecided"
    assert "With 16 generated images, copying of 17% of the images or less could have gone unnoticed" in result.reason
    assert "0.0% (95% interval 0.0% to 20.4%)" in result.reason
    assert "With 60 generated images, copying of 4.9% of the images or less" in audit(*noise[0], features).reason


def test_likeness_by_features_alone_is_to_be_looked_at_and_no_copy(noise):
    (generated, training, heldout), features = noise
    alike = features.generated.copy()
    alike[7] = features.training[3]
    names = AuditFeatures("pixels", alike, features.training, features.heldout)
    result = audit(generated, training, heldout, names)
    assert result.verdict == "close" and result.spaces["pixels"].outliers.tolist() == [7]
    assert "1 of 60 generated images (number 7) resemble one training subject" in result.reason
    assert "by features (pixels), but not by pixels" in result.reason
    generated = generated.copy()
    generated[7] = training[3]
    result = audit(generated, training, heldout, names)
    assert result.verdict == "copies" and "(number 7)" in result.reason


def test_named_images_are_set_apart_from_the_share(noise):
    (generated, training, heldout), features = noise
    alike = features.generated.copy()
    alike[7] = features.training[3]
    spaces = audit(
        generated, training, heldout, AuditFeatures("pixels", alike, features.training, features.heldout)
    ).spaces
    spaces = {name: replace(space, p_value=0.0) for name, space in spaces.items()}
    verdict, reason = _verdict(spaces, 30, 60, 0.05)
    assert verdict == "close" and "(number 7)" in reason and "Apart from those named, no more of them" in reason
    nobody = {name: replace(space, outliers=np.array([], int)) for name, space in spaces.items()}
    verdict, reason = _verdict(nobody, 30, 60, 0.05)
    assert verdict == "close" and "No more of them than expected" in reason and "Apart" not in reason


def test_result_is_json_and_repeats(noise):
    import json

    sets, features = noise
    first, second = (json.dumps(audit(*sets, features, seed=3).as_dict()) for _ in range(2))
    assert first == second
    assert {"pixel", "pixels"} == set(json.loads(first)["spaces"])


def test_progress_counts_every_search(noise):
    sets, features = noise
    done = []
    audit(*sets, features, advance=done.append)
    assert sum(done) == 60 + 120 + 60


def test_constant_images_are_judged(noise):
    sets, features = noise
    flat = np.zeros_like(sets[0])
    result = audit(flat, *sets[1:], AuditFeatures("pixels", flat.reshape(60, -1), features.training, features.heldout))
    assert result.verdict == "close"  # nearer to everybody, no nearer to one than to others
    assert result.near_duplicate_share.value == 1


def test_bad_input(noise):
    (generated, training, heldout), features = noise
    with pytest.raises(InputError, match="memorisation audit needs at least 100 held-out images. Received: 99"):
        audit(generated, training, heldout[:99], features)
    with pytest.raises(InputError, match="at least 2 training subjects. Received: 1"):
        audit(generated, training, heldout, features, training_subjects=np.zeros(80))
    with pytest.raises(InputError, match="Received: 1 subjects that stand in the training images too"):
        audit(
            generated,
            training,
            heldout,
            features,
            training_subjects=np.array([f"p{i % 8}" for i in range(80)]),
            heldout_subjects=np.array([f"p{i % 9 + 7}" for i in range(120)]),
        )
    with pytest.raises(InputError, match=r"same height, width and channels. Received: \(8, 16, 1\) and \(16, 16, 1\)"):
        audit(generated[:, :8], training, heldout, features)
    with pytest.raises(InputError, match="generated images: one feature row per image is needed, 60. Received: 59"):
        audit(
            generated,
            training,
            heldout,
            AuditFeatures("pixels", features.generated[1:], features.training, features.heldout),
        )
    generated[0, 0, 0] = np.nan
    with pytest.raises(InputError, match="generated images hold NaN or infinite values, first in image 0 of 60"):
        audit(generated, training, heldout, features)
