import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.spectrum import histogram_distance, intensity_histogram, radial_power, spectrum_distance


def test_histogram_distance_equals_scipy():
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, high, (6, 8, 8, 1), dtype=np.uint8) for high in (256, 180))
    expected = wasserstein_distance(first.ravel() / 255, second.ravel() / 255)
    assert histogram_distance(first, second).value == pytest.approx(expected, rel=1e-5)


def test_all_types_have_the_same_histogram():
    images = np.random.default_rng(1).integers(0, 256, (3, 8, 8, 1), dtype=np.uint8)
    levels, shares = intensity_histogram(images)
    np.testing.assert_allclose(shares, np.bincount(images.ravel(), minlength=256) / images.size, atol=1e-7)
    np.testing.assert_array_equal(shares, intensity_histogram(images.astype(np.uint16) * 257)[1])
    np.testing.assert_array_equal(shares, intensity_histogram(images / 127.5 - 1)[1])
    assert (levels[0], levels[-1]) == (-1, 1)


@pytest.mark.parametrize("size", [(32, 32), (48, 32), (32, 56)])
def test_white_noise_has_its_variance_at_every_frequency(size):
    noise = np.random.default_rng(2).standard_normal((400, *size, 1)).astype(np.float32) * 0.3
    frequencies, power = radial_power(noise)
    assert power.shape == (400, 16)
    np.testing.assert_allclose(frequencies, np.arange(1, 17) / 32)
    np.testing.assert_allclose(power.mean(axis=0), 0.09, rtol=0.05)


def test_a_wave_has_power_at_its_frequency_only():
    x = np.arange(32)
    for wave in (
        np.cos(2 * np.pi * 5 * x / 32)[None, :] + 0 * x[:, None],
        np.cos(2 * np.pi * 5 * x / 32)[:, None] + 0 * x,
    ):
        _, power = radial_power(wave[None, :, :, None].astype(np.float32))
        assert np.argmax(power[0]) == 4
        assert np.delete(power[0], 4).max() < 1e-9 * power[0, 4]


def test_frequencies_are_per_pixel_whatever_the_sides():
    """A wave of 1/8 cycles per pixel stands at 1/8 along the longer side as along the shorter one."""
    rows, columns = np.arange(48)[:, None], np.arange(32)[None, :]
    for wave in (np.cos(2 * np.pi * rows / 8) + 0 * columns, np.cos(2 * np.pi * columns / 8) + 0 * rows):
        frequencies, power = radial_power(wave[None, :, :, None].astype(np.float32))
        assert frequencies[np.argmax(power[0])] == 1 / 8


def test_spectrum_distance_of_half_the_amplitude():
    noise = np.random.default_rng(3).standard_normal((50, 16, 16, 1)).astype(np.float32)
    assert spectrum_distance(noise / 2, noise).value == pytest.approx(20 * np.log10(2), rel=1e-3)
    assert spectrum_distance(noise, noise).value == 0


def test_constant_images_are_finite():
    noise = np.random.default_rng(4).standard_normal((20, 16, 16, 1)).astype(np.float32) * 0.2
    flat = np.zeros((20, 16, 16, 1), np.float32)
    assert spectrum_distance(flat, noise).value > 20
    assert np.isfinite(spectrum_distance(flat, flat).value)


def test_interval_of_the_mean_shift():
    rng = np.random.default_rng(5)
    first, second = rng.uniform(-0.5, 0.5, (2, 60, 8, 8, 1))
    result = histogram_distance(first + 0.2, second, np.repeat(np.arange(15), 4))
    assert result.interval[0] < 0.1 < result.interval[1]
    assert histogram_distance(first[:2], second[:2]).interval is None


def test_bad_input():
    images = np.zeros((4, 8, 8, 1), np.float32)
    with pytest.raises(InputError, match=r"same height, width and channels. Received: \(8, 8, 1\) and \(8, 4, 1\)"):
        histogram_distance(images, images[:, :, :4])
    broken = images.copy()
    broken[3, 0, 0] = np.inf
    with pytest.raises(InputError, match="generated images hold NaN or infinite values, first in image 3 of 4"):
        spectrum_distance(broken, images)
    with pytest.raises(InputError, match="float in .* Received: int64"):
        histogram_distance(images.astype(np.int64), images)
    with pytest.raises(InputError, match="Received: a value of size 255"):
        histogram_distance(images + 255, images)
    with pytest.raises(InputError, match=r"N > 0. Received: \(0, 8, 8, 1\)"):
        histogram_distance(images[:0], images)
