"""Peaks of feature maps against numpy, and a planted droplet."""

import numpy as np
import pytest
from helpers import SMALL, randomize

from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.latent.peaks import activation_peaks
from keras_stylegan.models import Generator, StyleGANGenerator


@pytest.mark.parametrize("kind", [Generator, StyleGANGenerator])
def test_peaks_are_those_of_numpy(kind):
    generator = kind(z_dim=6, w_dim=5, c_dim=2, mapping_layers=2, seed=0, **SMALL)
    generator.build()
    randomize(generator)
    found = activation_peaks(generator, count=3, seed=4)
    ws = generator.mapping(draw_latents(4, range(3), 6), np.eye(2, dtype=np.float32)[[0, 1, 0]])
    maps = generator.synthesis.feature_maps(ws)
    assert [peak.layer for peak in found] == list(maps)
    for peak, features in zip(found, maps.values(), strict=True):
        assert (peak.height, peak.width, peak.channels) == features.shape[1:]
        values = [np.abs(image).max() / np.std(image) for image in np.asarray(features, np.float64)]
        np.testing.assert_allclose([peak.median, peak.largest], [np.median(values), np.max(values)], rtol=1e-4)


def test_a_droplet_stands_out():
    """A constant with one value of 1000 beside others near 0, which AdaIN of its channel cannot level."""
    generator = StyleGANGenerator(z_dim=6, w_dim=5, mapping_layers=1, seed=0, **SMALL)
    generator.build()
    before = activation_peaks(generator, count=4, seed=0)[0]
    spiked = generator.synthesis.const.numpy()
    spiked[1, 2, 3] = 1000.0
    generator.synthesis.const.assign(spiked)
    after = activation_peaks(generator, count=4, seed=0)[0]
    assert after.median > 1.2 * before.median


def test_the_peak_of_normal_values_is_their_median():
    values = np.abs(np.random.default_rng(0).normal(size=(2000, 96))).max(axis=1)
    generator = Generator(z_dim=6, w_dim=5, mapping_layers=1, seed=0, **SMALL)
    generator.build()
    peak = activation_peaks(generator, count=1, seed=0)[0]
    assert (peak.height, peak.width, peak.channels) == (4, 4, 6)
    assert peak.normal == pytest.approx(np.median(values), rel=0.02)
