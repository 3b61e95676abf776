import numpy as np
import pytest
from scipy import stats

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.advantage import advantage


def test_it_is_mann_and_whitneys_u():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=30).round(1), rng.normal(0.5, size=25).round(1)
    u = stats.mannwhitneyu(second, first).statistic  # Ties count a half, as ours do.
    found = advantage(first, second)
    assert found.value == pytest.approx(u / (30 * 25))
    assert found.interval[0] < found.value < found.interval[1]
    assert found.floor.value == 0.5 and found.reference_count == 55


def test_the_interval_covers_one_half_where_the_groups_are_alike():
    rng = np.random.default_rng(1)
    intervals = [advantage(*rng.normal(size=(2, 25)), seed=seed).interval for seed in range(60)]
    assert sum(low <= 0.5 <= high for low, high in intervals) >= 51


def test_groups_apart_and_equal_values():
    apart = advantage(np.arange(5), np.arange(5) + 10)
    assert apart.value == 1 and apart.interval is None
    assert advantage(np.ones(4), np.ones(4)).value == 0.5


def test_whole_people_are_drawn():
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(2, 20))
    once = advantage(first, second).interval
    people = np.repeat(np.arange(20), 6)
    often = advantage(np.repeat(first, 6), np.repeat(second, 6), people, people).interval
    assert np.diff(often)[0] == pytest.approx(np.diff(once)[0], rel=0.15)


def test_one_value_is_no_group():
    with pytest.raises(InputError, match="at least 2 values of the second"):
        advantage(np.arange(3), np.arange(1))
