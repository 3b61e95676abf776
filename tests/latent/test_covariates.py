import numpy as np
import pytest
import scipy.stats

from keras_stylegan.data.image_set import label_record
from keras_stylegan.errors import InputError
from keras_stylegan.latent.covariates import asked_values, covariates_of, draw_covariates, label_array
from keras_stylegan.models import Generator


def people(count=4000):
    """Two classes: age is higher in the first, and goes down with the slice there alone."""
    rng = np.random.default_rng(0)
    classes = np.arange(count) % 2
    height = rng.integers(1, 33, count)
    age = np.where(classes == 0, 80 - 0.5 * height, 70) + rng.gamma(2, 2, count)
    return label_record(classes, slice=height, age=age)


LABELS = people()
COVARIATES = covariates_of(LABELS, ("slice", "age"), 2)


def test_what_is_known_of_the_training_images():
    height, age = COVARIATES
    assert (height.name, height.minimum, height.maximum) == ("slice", 1.0, 32.0)
    assert height.mean == pytest.approx(LABELS["slice"].mean(), rel=1e-6)
    assert height.deviation == pytest.approx(np.std(LABELS["slice"].astype(float)), rel=1e-6)
    for group in range(2):
        own = LABELS["age"][LABELS["class"] == group].astype(float)
        expected = [scipy.stats.scoreatpercentile(own, 100 * k / 16) for k in range(17)]
        np.testing.assert_allclose(age.quantiles[group], expected, rtol=1e-6)
        assert height.correlations == ((), ())
        rows = LABELS["class"] == group
        rank = scipy.stats.spearmanr(LABELS["slice"][rows], LABELS["age"][rows]).statistic
        # Of a Gaussian copula with correlation r the ranks correlate by 6/π·asin(r/2) (Kruskal 1958).
        assert 6 / np.pi * np.arcsin(age.correlations[group][0] / 2) == pytest.approx(rank, rel=1e-6)


def test_draws_are_distributed_as_the_training_images_of_the_class():
    for group in range(2):
        drawn = draw_covariates(COVARIATES, 5, range(3000), [group] * 3000)
        assert drawn.shape == (3000, 2) and drawn.dtype == np.float32
        own = LABELS[LABELS["class"] == group]
        # Whole numbers became steps between quantiles: half a slice of 32.
        assert scipy.stats.ks_2samp(drawn[:, 0], own["slice"]).statistic < 0.05
        assert scipy.stats.ks_2samp(drawn[:, 1], own["age"]).pvalue > 0.01
        expected = scipy.stats.spearmanr(own["slice"], own["age"]).statistic
        assert scipy.stats.spearmanr(*drawn.T).statistic == pytest.approx(expected, abs=0.05)


def test_a_draw_depends_on_seed_index_and_class_only():
    many = draw_covariates(COVARIATES, 3, range(20), [0] * 20)
    np.testing.assert_array_equal(many[[11, 4]], draw_covariates(COVARIATES, 3, [11, 4], [0, 0]))
    assert not np.array_equal(many, draw_covariates(COVARIATES, 4, range(20), [0] * 20))
    assert draw_covariates((), 0, range(3), [0] * 3).shape == (3, 0)


def test_without_classes_there_is_one_table():
    (height,) = covariates_of(LABELS, ("slice",), 1)
    assert np.shape(height.quantiles) == (1, 17)


def test_asked_values():
    assert asked_values(["slice=3", "age=80.5"], COVARIATES) == {"slice": 3.0, "age": 80.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slice=40", r"covariate slice must be from 1 to 32, which the run was trained on. Received: 'slice=40'"),
        ("slice=nan", "covariate slice must be from 1 to 32"),
        ("slice=top", "covariate must be NAME=VALUE with a number. Received: 'slice=top'"),
        ("slice", "covariate must be NAME=VALUE with a number. Received: 'slice'"),
        ("weight=3", "covariate must be one of slice, age, as NAME=VALUE. Received: 'weight=3'"),
    ],
)
def test_what_cannot_be_asked_for(text, message):
    with pytest.raises(InputError, match=message):
        asked_values([text], COVARIATES)


def test_twice_or_of_a_run_without():
    with pytest.raises(InputError, match="covariate slice is given twice. Received: 'slice=4'"):
        asked_values(["slice=3", "slice=4"], COVARIATES)
    with pytest.raises(InputError, match=r"trained without any \(model.covariates\). Received: 'slice=4'"):
        asked_values(["slice=4"], ())


def test_labels_are_the_class_and_then_the_numbers():
    sizes = {"z_dim": 4, "w_dim": 4, "resolution": 8, "channel_base": 32, "channel_max": 4, "mapping_layers": 1}
    spreads = {item.name: item.spread for item in COVARIATES}
    both = label_array(Generator(c_dim=2, covariates=spreads, **sizes), LABELS["class"][:3], LABELS[:3])
    assert both.dtype == np.float32
    np.testing.assert_array_equal(both[:, :2], [[1, 0], [0, 1], [1, 0]])
    np.testing.assert_array_equal(both[:, 2], LABELS["slice"][:3])
    np.testing.assert_array_equal(both[:, 3], LABELS["age"][:3])
    assert label_array(Generator(**sizes), LABELS["class"], LABELS) is None
