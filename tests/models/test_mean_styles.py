"""Truncation towards the mean style of a label."""

import keras
import numpy as np
import pytest
from helpers import randomize

from keras_stylegan.models import Generator, MappingNetwork
from keras_stylegan.models.mean_styles import LATENTS, NODES, MeanStyles

COVARIATES = {"slice": (1.0, 32.0, 16.0, 9.0), "age": (60.0, 90.0, 72.0, 8.0)}


def made(**options):
    mapping = MappingNetwork(6, 5, num_ws=4, num_layers=2, lr_multiplier=1.0, seed=0, **options)
    mapping.build()
    randomize(mapping)
    return mapping


def mean_style(mapping, label):
    """With other latents than the code under test, and many more."""
    z = np.random.default_rng(9).standard_normal((20_000, 6)).astype(np.float32)
    ws = np.asarray(mapping(z, np.repeat(np.array([label], np.float32), len(z), axis=0)))
    return ws[:, 0].mean(axis=0), ws[:, 0].std(axis=0)


@pytest.mark.parametrize("label", [[1, 0, 16.0, 72.0], [0, 1, 32.0, 72.0], [0, 1, 16.0, 60.0], [1, 0, 20.0, 72.0]])
def test_it_is_the_mean_over_latents(label):
    mapping = made(c_dim=2, covariates=COVARIATES)
    found = np.asarray(MeanStyles.of(mapping)(np.array([label], np.float32)))[0]
    expected, deviation = mean_style(mapping, label)
    # 5 standard errors of a mean; between nodes a straight line stands for a curve.
    assert (np.abs(found - expected) < 5 * deviation / LATENTS**0.5).all()


def test_effects_of_several_covariates_add_up_between_nodes_linearly():
    mapping = made(covariates=COVARIATES)
    means = MeanStyles.of(mapping)

    def at(*label):
        return np.asarray(means(np.array([label], np.float32)))[0].astype(np.float64)

    centre = at(16.0, 72.0)
    np.testing.assert_allclose(at(5.0, 80.0) - centre, at(5.0, 72.0) + at(16.0, 80.0) - 2 * centre, atol=1e-5)
    step = 31 / (NODES - 1)
    np.testing.assert_allclose(at(1 + 0.3 * step, 72.0), 0.7 * at(1.0, 72.0) + 0.3 * at(1 + step, 72.0), atol=1e-5)


def test_truncation_goes_to_the_mean_of_the_own_class():
    mapping = made(c_dim=2)
    z = np.random.default_rng(1).standard_normal((8, 6)).astype(np.float32)
    label = np.eye(2, dtype=np.float32)[[0, 1] * 4]
    ws = np.asarray(mapping(z, label))
    mapping.fit_means()
    expected = np.stack([mean_style(mapping, row)[0] for row in np.eye(2)])
    limit = 5 * np.max([mean_style(mapping, row)[1] for row in np.eye(2)]) / LATENTS**0.5
    assert np.abs(np.asarray(mapping(z, label, truncation_psi=0.0))[:, 0] - expected[[0, 1] * 4]).max() < limit
    half = np.asarray(mapping(z, label, truncation_psi=0.5, truncation_cutoff=2))
    np.testing.assert_allclose(half[:, 2:], ws[:, 2:])
    np.testing.assert_array_equal(np.asarray(mapping(z, label)), ws)
    assert np.abs(half[:, 0] - (ws[:, 0] + expected[[0, 1] * 4]) / 2).max() < limit


def test_without_a_label_the_running_mean_stays():
    mapping = made()
    mapping.fit_means()
    z = np.zeros((1, 6), np.float32)
    np.testing.assert_allclose(mapping(z, truncation_psi=0.0)[0, 0], mapping.w_avg, rtol=1e-6)


@pytest.mark.parametrize("fitted", [True, False])
def test_a_keras_file_keeps_them(tmp_path, fitted):
    sizes = {"resolution": 8, "channel_base": 32, "channel_max": 4, "mapping_layers": 1}
    generator = Generator(z_dim=6, w_dim=5, c_dim=2, covariates=COVARIATES, seed=0, **sizes)
    generator.build()
    randomize(generator)
    if fitted:
        generator.mapping.fit_means()
    generator.save(tmp_path / "g.keras")
    loaded = keras.models.load_model(tmp_path / "g.keras")
    z, label = np.ones((2, 6), np.float32), np.array([[1, 0, 3, 70], [0, 1, 30, 66]], np.float32)
    images = [np.asarray(model(z, label, truncation_psi=0.3)) for model in (generator, loaded)]
    np.testing.assert_array_equal(*images)
