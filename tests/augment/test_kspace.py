"""The real Fourier series of an axis."""

import numpy as np
import pytest

from keras_stylegan.augment.kspace import Axis, filtered, shifted_height, shifted_width

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n", [4, 7, 8])
def test_analysis_and_synthesis_are_inverse(n):
    axis = Axis(n)
    np.testing.assert_allclose(axis.analysis @ axis.synthesis, np.eye(n), atol=1e-6)


def test_a_wave_is_shifted_by_a_fraction_of_a_pixel():
    axis, x = Axis(16), np.arange(16)
    waves = np.stack([np.cos(2 * np.pi * k * x / 16 + 0.3) for k in (1, 5, 7)])[None, None]
    distances = np.array([0.0, 0.4, -2.7]).reshape(1, 1, 3, 1).astype("float32")
    moved = shifted_width((waves @ axis.analysis).astype("float32"), axis, distances) @ axis.synthesis
    expected = [np.cos(2 * np.pi * k * (x + d) / 16 + 0.3) for k, d in ((1, 0.0), (5, 0.4), (7, -2.7))]
    np.testing.assert_allclose(moved[0, 0], expected, atol=1e-5)
    columns = np.swapaxes((waves @ axis.analysis).astype("float32"), 2, 3)
    moved = axis.synthesis.T @ np.asarray(shifted_height(columns, axis, np.swapaxes(distances, 2, 3)))
    np.testing.assert_allclose(moved[0, 0].T, expected, atol=1e-5)


def test_a_filter_is_that_of_the_discrete_fourier_transform():
    height, width = Axis(6), Axis(9)
    planes = RNG.normal(size=(2, 1, 6, 9)).astype("float32")
    factors = np.exp(-height.both[:, None] - 2 * width.both).reshape(1, 1, 8, 10).astype("float32")
    y, x = np.abs(np.fft.fftfreq(6)), np.abs(np.fft.fftfreq(9))
    expected = np.fft.ifft2(np.fft.fft2(planes) * np.exp(-y[:, None] - 2 * x)).real
    np.testing.assert_allclose(filtered(planes, height, width, factors), expected, atol=1e-5)
