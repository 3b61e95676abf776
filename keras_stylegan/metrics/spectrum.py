"""Low-level statistics: the histogram of intensities and the radial power spectrum."""

import numpy as np

from keras_stylegan.metrics.bootstrap import jackknife_interval
from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.images import as_float, blocks, check_images, check_same_shape

BINS = 256
QUANTISATION_POWER = (2 / 255) ** 2 / 12
"""Power per frequency of rounding to 8 bits, which no spectrum of stored images can fall below."""


def image_histograms(images: np.ndarray) -> np.ndarray:
    """Histogram of each image over [-1, 1], values outside in the outermost bins: (N, 256) shares that sum to 1."""
    histograms = np.empty((len(images), BINS), np.float32)
    for block in blocks(len(images)):
        # Bin centres are the 8-bit grey levels, so that rounding does not move an 8-bit image.
        levels = np.rint((np.clip(as_float(images[block]), -1, 1) + 1) * ((BINS - 1) / 2)).astype(np.int64)
        levels = levels.reshape(len(levels), -1) + BINS * np.arange(len(levels))[:, None]
        counts = np.bincount(levels.ravel(), minlength=BINS * len(levels)).reshape(-1, BINS)
        histograms[block] = counts / counts[0].sum()
    return histograms


def intensity_histogram(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Grey levels in [-1, 1] (256,) and the share of pixels at each (256,), over all images."""
    check_images(images, "images")
    return np.linspace(-1, 1, BINS), image_histograms(images).mean(axis=0, dtype=np.float64)


def radial_power(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Power of each image at each spatial frequency, averaged over directions and channels.

    Args:
        images: (N, H, W, C).

    Returns:
        Frequencies (K,) in cycles per pixel, above 0 up to 0.5, and powers (N, K): |FFT|² / HW, so that white noise
        of variance v has power v everywhere.
    """
    check_images(images, "images")
    height, width = images.shape[1:3]
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    rings = min(height, width) // 2
    ring = np.rint(frequency * 2 * rings).astype(np.int64)
    # Half of the plane is left out by rfft; the columns in between stand for two.
    twice = np.where((np.arange(ring.shape[1]) == 0) | (2 * np.arange(ring.shape[1]) == width), 1.0, 2.0)
    twice = np.broadcast_to(twice, ring.shape)
    inside = (ring >= 1) & (ring <= rings)
    averaging = np.zeros((inside.sum(), rings))
    averaging[np.arange(len(averaging)), ring[inside] - 1] = twice[inside]
    averaging /= averaging.sum(axis=0)
    powers = np.empty((len(images), rings))
    for block in blocks(len(images), 256):
        spectrum = np.fft.rfft2(as_float(images[block]), axes=(1, 2))
        power = (spectrum.real**2 + spectrum.imag**2).mean(axis=-1) / (height * width)
        powers[block] = power[:, inside] @ averaging
    return np.arange(1, rings + 1) / (2 * rings), powers


def histogram_distance(
    generated: np.ndarray, reference: np.ndarray, subjects: np.ndarray | None = None, seed: int = 0
) -> Estimate:
    """Earth mover's distance between the intensities of all pixels; the whole range [-1, 1] counts as 1.

    Args:
        generated: (N, H, W, C) generated images.
        reference: (M, H, W, C) held-out images.
        subjects: (M,) subjects of the held-out images, for the interval.
        seed: Seed of the jackknife's groups.

    Returns:
        The distance; lower is better.

    Raises:
        InputError: Wrong shapes or NaN.
    """
    return _estimate(generated, reference, subjects, seed, image_histograms, _earth_movers)


def spectrum_distance(
    generated: np.ndarray, reference: np.ndarray, subjects: np.ndarray | None = None, seed: int = 0
) -> Estimate:
    """Root mean square difference of the mean radial power spectra in decibels, over all frequencies alike.

    Upsampling leaves its traces at high frequencies, where hardly any power is: Durall et al., Watch your
    up-convolution, 2020. Powers count from the noise of 8-bit rounding upwards.

    Args:
        generated: (N, H, W, C) generated images.
        reference: (M, H, W, C) held-out images.
        subjects: (M,) subjects of the held-out images, for the interval.
        seed: Seed of the jackknife's groups.

    Returns:
        The distance in dB; lower is better.

    Raises:
        InputError: Wrong shapes or NaN.
    """
    return _estimate(generated, reference, subjects, seed, lambda images: radial_power(images)[1], _decibels)


def _earth_movers(generated, reference):
    difference = generated.mean(axis=0, dtype=np.float64) - reference.mean(axis=0, dtype=np.float64)
    return float(np.abs(np.cumsum(difference)[:-1]).sum() / (BINS - 1))


def _decibels(generated, reference):
    first, second = generated.mean(axis=0) + QUANTISATION_POWER, reference.mean(axis=0) + QUANTISATION_POWER
    return float(np.sqrt(np.mean((10 * np.log10(first / second)) ** 2)))


def _estimate(generated, reference, subjects, seed, summarise, distance):
    check_images(generated, "generated images")
    check_images(reference, "held-out images")
    check_same_shape(generated, reference, "generated images", "held-out images")
    first, second = summarise(generated), summarise(reference)
    interval = jackknife_interval(distance, first, second, subjects, seed)
    if interval is not None:
        interval = (max(interval[0], 0.0), interval[1])
    return Estimate(distance(first, second), interval, len(generated), len(reference), seed)
