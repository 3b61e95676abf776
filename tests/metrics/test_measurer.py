import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.measurer import PENALTIES, LinearMeasurer, correlation


def material(count=200, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 6)) * [1, 2, 3, 4, 5, 0] + 7
    values = features @ [1.0, -1, 0.5, 0, 0, 0] + noise * rng.normal(size=count)
    return features, values, np.arange(count) // 4


def test_it_is_scikit_learns_ridge():
    features, values, subjects = material()
    measurer = LinearMeasurer(features, values, subjects)
    inputs = StandardScaler().fit_transform(features)
    # Ours is the mean square error, theirs its sum.
    expected = Ridge(alpha=measurer.penalty * len(features)).fit(inputs, values)
    np.testing.assert_allclose(measurer(features), expected.predict(inputs), rtol=1e-6)


def test_a_strong_penalty_is_chosen_where_there_is_nothing_to_learn():
    features, values, subjects = material()
    rng = np.random.default_rng(1)
    wide = np.concatenate([features, rng.normal(size=(200, 150))], axis=1)
    assert LinearMeasurer(features, values, subjects).penalty < 0.1
    assert LinearMeasurer(wide, rng.normal(size=200), subjects).penalty >= 10
    assert PENALTIES[0] < 0.1


def test_too_little_to_learn_from():
    features, values, subjects = material()
    with pytest.raises(InputError, match="a measurer needs at least 20 images. Received: 19"):
        LinearMeasurer(features[:19], values[:19], subjects[:19])
    with pytest.raises(InputError, match="finite and differ"):
        LinearMeasurer(features, np.full(200, 3.0), subjects)
    with pytest.raises(InputError, match="finite and differ"):
        LinearMeasurer(features, np.where(values > 0, values, np.nan), subjects)
    with pytest.raises(InputError, match="at least 2 subjects"):
        LinearMeasurer(features, values, np.zeros(200))


def test_the_correlation_is_scipys_and_its_interval_covers_the_truth():
    rng = np.random.default_rng(2)
    covered = 0
    for seed in range(60):
        actual = rng.normal(size=120)
        measured = 0.6 * actual + 0.8 * rng.normal(size=120)
        found = correlation(measured, actual, seed=seed)
        assert found.value == pytest.approx(stats.pearsonr(measured, actual).statistic)
        covered += found.interval[0] <= 0.6 <= found.interval[1]
    assert covered >= 51  # 95 % of 60 are 57; fewer than 51 come by chance once in 250 times.


def test_equal_slices_of_a_person_say_nothing_more():
    rng = np.random.default_rng(3)
    actual, measured = rng.normal(size=(2, 40))
    once = correlation(measured, actual, np.arange(40))
    often = correlation(np.repeat(measured, 8), np.repeat(actual, 8), np.repeat(np.arange(40), 8))
    assert np.diff(often.interval)[0] == pytest.approx(np.diff(once.interval)[0], rel=0.1)


def test_no_correlation_of_what_does_not_differ():
    with pytest.raises(InputError, match="values that differ"):
        correlation(np.ones(5), np.arange(5))
