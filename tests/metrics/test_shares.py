import numpy as np
import pytest
from scipy import stats

from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.shares import exact_interval, mean_interval_of_shares, share_interval, unnoticed_share


@pytest.mark.parametrize(("successes", "trials"), [(0, 16), (16, 16), (3, 40), (1, 1), (250, 1000)])
def test_independent_images_have_the_interval_of_clopper_and_pearson(successes, trials):
    expected = stats.binomtest(successes, trials).proportion_ci(0.95, "exact")
    assert exact_interval(successes, trials) == pytest.approx((expected.low, expected.high))
    counted = np.arange(trials) < successes
    assert share_interval(counted) == pytest.approx((expected.low, expected.high))
    assert share_interval(counted, np.array([f"s{n}" for n in range(trials)])) == (
        None if trials == 1 else pytest.approx((expected.low, expected.high))
    )


def test_images_of_one_subject_count_as_one_where_nothing_varies():
    """None of 10 people: at most 30.85 %, the table value for 0 of 10, although there are 200 images."""
    subjects = np.repeat(np.arange(10), 20)
    assert share_interval(np.zeros(200), subjects) == pytest.approx((0, 0.3085), abs=5e-5)
    assert share_interval(np.ones(200), subjects) == pytest.approx((0.6915, 1), abs=5e-5)
    assert share_interval(np.zeros(5), np.zeros(5)) is None


def test_people_who_differ_widen_the_interval():
    """All images of 4 of 16 people: the interval is about that of 4 of 16, a little wider for the few degrees."""
    people = np.arange(16) < 4
    low, high = share_interval(people.repeat(25), np.arange(16).repeat(25))
    expected = stats.binomtest(4, 16).proportion_ci(0.95, "exact")
    assert expected.low - 0.03 < low < expected.low and expected.high < high < expected.high + 0.05
    narrow = share_interval(people.repeat(25))
    assert narrow[1] - narrow[0] < (high - low) / 3


def test_coverage_with_subjects():
    """Shares of 30 people vary as Beta(1, 3): the interval holds the true mean of 0.25 in about 95 % of cases."""
    covered, subjects = {True: 0, False: 0}, np.arange(30).repeat(10)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        counted = rng.random(300) < rng.beta(1, 3, 30)[subjects]
        for by_subject in covered:
            low, high = share_interval(counted, subjects if by_subject else None)
            covered[by_subject] += low <= 0.25 <= high
    assert covered[True] >= 184 and covered[False] <= 170


def test_mean_of_shares():
    """Equal shares of equal size, far from 0 and 1: the half width of the mean of two is that of one over √2."""
    one = Estimate(0.5, (0.4, 0.6), 100, 100)
    assert mean_interval_of_shares([one, one]) == pytest.approx((0.5 - 0.1 / 2**0.5, 0.5 + 0.1 / 2**0.5))
    sure = Estimate(1.0, exact_interval(20, 20), 20, 20)
    low, high = mean_interval_of_shares([sure, sure])
    assert high == 1 and 0.8 < low < 0.9
    assert mean_interval_of_shares([one, Estimate(0.0, None, 1, 1)]) is None


def test_what_few_images_cannot_show():
    """The rule of three: 5 % of samples of 300 show none of 1 %."""
    assert unnoticed_share(300) == pytest.approx(0.01, abs=1e-4)
    expected = stats.binomtest(0, 16, alternative="less").proportion_ci(0.95, "exact").high
    assert unnoticed_share(16) == pytest.approx(expected)
