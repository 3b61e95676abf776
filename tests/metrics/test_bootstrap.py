import numpy as np
import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.bootstrap import jackknife_interval, mean_interval, subject_weights


def test_interval_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(0).standard_normal(400) + 3
    half = 1.96 * values.std() / 20
    low, high = mean_interval(values)
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_coverage_with_subjects():
    """Images of one person share an effect: intervals over images miss the mean, intervals over people do not."""
    covered = {True: 0, False: 0}
    subjects = np.repeat(np.arange(30), 10)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        values = rng.standard_normal(30)[subjects] + 0.3 * rng.standard_normal(300)
        for by_subject in covered:
            low, high = mean_interval(values, subjects if by_subject else None, seed, resamples=200)
            covered[by_subject] += low <= 0 <= high
    assert covered[True] >= 88 and covered[False] <= 70


def test_weights_repeat_whole_subjects():
    owners = np.array([0, 0, 1, 2, 2, 2])
    weights = subject_weights(owners, 50, np.random.default_rng(1))
    assert (weights[:, 0] == weights[:, 1]).all() and (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_jackknife_of_means_is_the_textbook_one():
    rng = np.random.default_rng(2)
    first, second = rng.standard_normal(300) + 1, 2 * rng.standard_normal(200)
    standard_error = np.sqrt(1 / 300 + 4 / 200)
    widths = []
    for seed in range(20):
        low, high = jackknife_interval(lambda a, b: a.mean() - b.mean(), first, second, seed=seed)
        assert (low + high) / 2 == pytest.approx(first.mean() - second.mean())
        widths.append(high - low)
    assert np.mean(widths) == pytest.approx(2 * 2.26 * standard_error, rel=0.15)  # t with 9 degrees of freedom


def test_nothing_to_leave_out():
    rows = np.arange(10.0)
    assert jackknife_interval(lambda a, b: 0.0, rows, rows, np.zeros(10)) is None
    assert jackknife_interval(lambda a, b: 0.0, rows[:2], rows) is None
    with pytest.raises(InputError, match=r"one subject per image is needed, 10. Received: shape \(9,\)"):
        mean_interval(rows, np.arange(9))
