"""Scanner effects against numpy, scipy and statistics."""

import numpy as np
import pytest
from scipy import ndimage, stats

from keras_stylegan.augment.kspace import Axis
from keras_stylegan.augment.scanner import through_kspace, with_bias_field, with_rician_noise, with_spikes

RNG = np.random.default_rng(0)
PLANES = RNG.uniform(size=(2, 1, 12, 16)).astype("float32")
AXES = Axis(12), Axis(16)


def column(*values):
    return np.array(values, "float32").reshape(-1, 1, 1, 1)


def test_a_bias_field_is_the_sum_of_its_cosines():
    weights = np.array([0.1, -0.05, 0.12, 0.02, -0.1])
    result = np.asarray(with_bias_field(PLANES, [column(weight, 0) for weight in weights]))
    for y, x in ((0, 0), (3, 15), (11, 7)):
        v, u = np.pi * (y + 0.5) / 12, np.pi * (x + 0.5) / 16
        waves = [np.cos(u), np.cos(v), np.cos(v) * np.cos(u), np.cos(2 * u), np.cos(2 * v)]
        np.testing.assert_allclose(result[0, 0, y, x], PLANES[0, 0, y, x] * np.exp(weights @ waves), rtol=1e-5)
    np.testing.assert_array_equal(result[1], PLANES[1])


@pytest.mark.parametrize("deviation", [0.8, 1.0])
def test_blur_is_that_of_a_gaussian(deviation):
    result = np.asarray(through_kspace(PLANES, *AXES, deviation=column(deviation, 0)))
    # Sampled and truncated in space, so a little different.
    expected = ndimage.gaussian_filter(PLANES[0, 0].astype("float64"), deviation, mode="wrap", truncate=6)
    np.testing.assert_allclose(result[0, 0], expected, atol=0.01)
    np.testing.assert_allclose(result[1], PLANES[1], atol=1e-5)


def test_ringing_leaves_out_the_highest_frequencies():
    result = np.asarray(through_kspace(PLANES, *AXES, cut=column(0.4, 0)))
    coefficients = np.fft.fft2(PLANES[0, 0])
    kept = (np.abs(np.fft.fftfreq(12)) <= 0.3)[:, None] & (np.abs(np.fft.fftfreq(16)) <= 0.3)
    np.testing.assert_allclose(result[0, 0], np.fft.ifft2(coefficients * kept).real, atol=1e-5)
    edge = np.zeros((1, 1, 12, 16), "float32")
    edge[..., 4:10] = 1
    # Gibbs: beside an edge it overshoots by 9 %.
    assert 1.05 < np.asarray(through_kspace(edge, *AXES, cut=column(0.4))).max() < 1.15


def test_spikes_are_two_points_of_k_space():
    added = np.asarray(with_spikes(PLANES, column(0.5, 0), column(-0.25, 0), column(0.3, 0), column(0.05, 0))) - PLANES
    coefficients = np.abs(np.fft.fft2(added[0, 0]))
    found = {tuple(map(int, point)) for point in np.argwhere(coefficients > 1e-3)}
    assert found == {(3, 14), (9, 2)}
    np.testing.assert_allclose(coefficients.max(), 0.05 / 2 * 12 * 16, rtol=1e-3)
    assert np.all(added[1] == 0)


def test_noise_is_rician():
    signal, deviation = 0.3, 0.1
    planes = np.full((1, 1, 100, 200), signal, "float32")
    real, imaginary = RNG.standard_normal((2, *planes.shape)).astype("float32")
    result = np.ravel(with_rician_noise(planes, column(deviation), real, imaginary))
    assert stats.kstest(result, stats.rice(signal / deviation, scale=deviation).cdf).pvalue > 0.01
