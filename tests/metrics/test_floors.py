import numpy as np
import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.floors import floors, split_by_subject, spread_sample, subject_sample


def difference_of_means(first, second, subjects):
    return {"difference": abs(first.mean() - second.mean()), "first": first.mean()}


POOL, POOL_SUBJECTS = np.arange(12.0), np.repeat(list("abcd"), 3)
REFERENCE, REFERENCE_SUBJECTS = np.array([100.0, 102.0]), np.array(["x", "y"])


def test_whole_subjects_stand_in():
    seen = []

    def distances(first, second, subjects):
        seen.append(first.tolist())
        assert [str(name) for name in subjects] == ["abcd"[int(value // 3)] for value in first]
        return difference_of_means(first, second, subjects)

    found = floors(distances, POOL, POOL_SUBJECTS, REFERENCE, REFERENCE_SUBJECTS, size=6, repeats=4)
    result = found["difference"]
    values = [101 - np.mean(rows) for rows in seen]
    assert len(seen) == 4 and len({tuple(rows) for rows in seen}) > 1
    for rows in seen:
        assert all(rows.count(3.0 * (value // 3)) == 1 for value in rows) and len(rows) == 6
    assert result.value == pytest.approx(np.mean(values))
    assert (result.low, result.high) == (min(values), max(values))
    assert found["first"].high == pytest.approx(101 - min(values))  # every metric of the same draws
    assert (result.count, result.reference_count, result.repeats, result.note) == (6, 2, 4, "")


def test_a_small_pool_is_used_whole_and_said_so():
    result = floors(difference_of_means, POOL, POOL_SUBJECTS, REFERENCE, REFERENCE_SUBJECTS, size=50)["difference"]
    assert result.value == 101 - 5.5 and result.repeats == 1
    assert "only 12 training images stand in for 50" in result.note


def test_shared_subjects_are_refused():
    with pytest.raises(InputError, match="different people on both sides. Received: 1 subjects that stand in both"):
        floors(difference_of_means, POOL, POOL_SUBJECTS, REFERENCE, np.array(["b", "z"]), size=3)


def test_subject_sample_cuts_only_the_last_subject():
    subjects = np.repeat(np.arange(10), 5)
    chosen = subject_sample(subjects, 23, seed=1)
    assert sorted(np.bincount(subjects[chosen], minlength=10).tolist()) == [0] * 5 + [3] + [5] * 4
    assert (np.diff(chosen) > 0).all()
    with pytest.raises(InputError, match="needs at least 51 images. Received: 50"):
        subject_sample(subjects, 51)


def test_split_has_no_subject_in_common():
    subjects = np.array(["a", "b", "c", "d", "e"] * 4)
    first, second = split_by_subject(subjects, 0.4, seed=2)
    assert len(set(subjects[first])) == 2 and len(set(subjects[second])) == 3
    assert not set(subjects[first]) & set(subjects[second])
    assert sorted([*first, *second]) == list(range(20))
    with pytest.raises(InputError, match="at least 2 subjects. Received: 1"):
        split_by_subject(np.array(["a", "a"]), 0.5)


def test_a_spread_sample_takes_one_image_of_everybody_before_a_second_of_anybody():
    subjects = np.repeat(np.array(["a", "b", "c", "d"]), [1, 5, 5, 9])
    for size in range(1, 5):
        chosen = subjects[spread_sample(subjects, size, seed=size)]
        assert len(set(chosen)) == len(chosen) == size
    assert sorted(subjects[spread_sample(subjects, 7)]) == ["a", "b", "b", "c", "c", "d", "d"]
    assert np.array_equal(spread_sample(subjects, 99), np.arange(20))
    drawn = {tuple(spread_sample(subjects, 3, seed)) for seed in range(20)}
    assert len(drawn) > 10
