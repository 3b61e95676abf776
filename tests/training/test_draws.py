"""Random numbers of a step: style mixing and replay."""

import keras
import numpy as np
import pytest

from keras_stylegan.models import Generator
from keras_stylegan.training.draws import Draws, styles


@pytest.fixture(scope="module")
def generator():
    generator = Generator(z_dim=3, w_dim=4, resolution=16, channel_base=16, channel_max=2, mapping_layers=1, seed=0)
    generator.build()
    return generator


def seed():
    return keras.random.SeedGenerator(1)


def test_noise_of_an_oblong_image_has_its_sides():
    """8x10 pixels are 4x5 doubled; the path length draws an image of noise."""
    generator = Generator(z_dim=3, w_dim=4, resolution=(8, 10), channel_base=16, channel_max=2, mapping_layers=1)
    draws = Draws(generator, seed(), 0.0)
    assert draws.image_noise(2).shape == (2, 8, 10, 1)
    assert [tuple(noise.shape) for noise in draws.latents(2).noise] == [(2, 4, 5, 1), *[(2, 8, 10, 1)] * 2]


def test_share_and_range_of_the_crossover(generator):
    draws = Draws(generator, seed(), 0.9).latents(3000)
    crossover = np.asarray(draws.crossover).ravel()
    mixed = crossover < generator.num_ws
    assert abs(mixed.mean() - 0.9) < 4 * np.sqrt(0.9 * 0.1 / 3000)
    counts = np.bincount(crossover[mixed], minlength=7)
    assert generator.num_ws == 6 and counts[0] == 0 and set(crossover) == {1, 2, 3, 4, 5, 6}
    expected = mixed.sum() / 5
    assert np.all(np.abs(counts[1:6] - expected) < 4 * np.sqrt(expected))


def test_latents_are_unit_normal_and_independent(generator):
    draws = Draws(generator, seed(), 1.0).latents(3000)
    z, partner = np.asarray(draws.z), np.asarray(draws.mixing_z)
    for values in (z, partner, np.asarray(draws.noise[0])):
        assert abs(values.mean()) < 0.05 and abs(values.std() - 1) < 0.05
    assert abs(np.mean(z * partner)) < 0.05
    assert [tuple(noise.shape[1:]) for noise in draws.noise] == [(4, 4, 1), *[(8, 8, 1)] * 2, *[(16, 16, 1)] * 2]


def test_without_mixing_there_is_no_partner(generator):
    draws = Draws(generator, seed(), 0.0).latents(2)
    assert draws.mixing_z is None and draws.crossover is None
    np.testing.assert_array_equal(styles(generator, draws, None, False), generator.mapping(draws.z))


def test_styles_switch_at_the_crossover(generator):
    draws = Draws(generator, seed(), 0.5).latents(3)
    draws = draws._replace(crossover=np.array([1, 4, 6]).reshape(3, 1, 1))
    ws = np.asarray(styles(generator, draws, None, False))
    first, second = np.asarray(generator.mapping(draws.z)), np.asarray(generator.mapping(draws.mixing_z))
    for sample, layer in enumerate((1, 4, 6)):
        np.testing.assert_array_equal(ws[sample, :layer], first[sample, :layer])
        np.testing.assert_array_equal(ws[sample, layer:], second[sample, layer:])


def test_the_partner_does_not_move_the_mean_style(generator):
    draws = Draws(generator, seed(), 1.0).latents(4)
    mean = np.asarray(generator.mapping(draws.z))[:, 0].mean(axis=0)
    before = generator.mapping.w_avg.numpy()
    styles(generator, draws, None, training=False)
    np.testing.assert_array_equal(generator.mapping.w_avg.numpy(), before)
    styles(generator, draws, None, training=True)
    np.testing.assert_allclose(generator.mapping.w_avg.numpy(), 0.995 * before + 0.005 * mean, rtol=1e-4)


def test_the_seed_replays_a_draw(generator):
    first, second = (Draws(generator, seed(), 0.5).latents(2) for _ in range(2))
    np.testing.assert_array_equal(first.z, second.z)
    np.testing.assert_array_equal(first.crossover, second.crossover)
    for a, b in zip(first.noise, second.noise, strict=True):
        np.testing.assert_array_equal(a, b)
