"""Procedural brain slices: skull-stripped, T1-like axial slices of known anatomy, made without any data."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from keras_stylegan.data.phantom_anatomy import tissue_maps, ventricle_area_mm2
from keras_stylegan.data.phantom_factors import CLASSES, SUBJECT_FACTORS, PhantomFactors, draw_factors
from keras_stylegan.data.phantom_field import sampling_grid, smooth_field

__all__ = [
    "CLASSES",
    "FIELD_OF_VIEW_MM",
    "SLICES_PER_SUBJECT",
    "PhantomFactors",
    "Phantoms",
    "add_rician_noise",
    "draw_factors",
    "phantom_images",
    "render",
    "ventricle_area_mm2",
]

FIELD_OF_VIEW_MM = 192.0
"""Side of every image, so a pixel measures `FIELD_OF_VIEW_MM / resolution`."""
SLICES_PER_SUBJECT = 4
"""Consecutive images that show one subject, at different slice heights."""
SMALLEST_GRID = 128
"""Samples per side below which sulci alias; lower resolutions average over blocks of samples."""


class Phantoms(NamedTuple):
    """Images with the ground truth behind them, one entry per image in every field."""

    images: np.ndarray
    """uint8 (count, resolution, resolution, 1)."""
    labels: np.ndarray
    """int64 (count,), indices into `CLASSES`."""
    subjects: np.ndarray
    """str (count,), such as `"phantom-0007"`; split by these."""
    factors: list
    """`PhantomFactors` of each image."""


def render(factors: PhantomFactors, resolution: int) -> np.ndarray:
    """Draws one slice; equal arguments give equal images.

    The image is tissue intensity times bias field, seen by a receiver with Rician noise, and black outside
    the brain: skull stripping has removed the noise of the air as well.

    Args:
        factors: `PhantomFactors`.
        resolution: Side of the image in pixels, a power of two from 16 on. The anatomy is the same at every
            resolution; the noise is drawn per pixel.

    Returns:
        float32 (resolution, resolution) in [0, 1], the front of the head upwards.

    Raises:
        ValueError: If `resolution` is no power of two from 16 on.
    """
    _check_resolution(resolution)
    grid = sampling_grid(factors, max(resolution, SMALLEST_GRID), FIELD_OF_VIEW_MM)
    maps = tissue_maps(factors, grid)
    white, grey, fluid = factors.white_intensity, factors.grey_intensity, factors.fluid_intensity
    intensities = {  # the fluid of narrow sulci shares its slice with their walls and is never quite dark
        "deep_grey": grey + 0.3 * (white - grey),
        "cortex": grey,
        "sulci": fluid + 0.1 * (grey - fluid),
        "ventricles": fluid,
    }
    image = np.full_like(maps["brain"], white)
    for tissue, intensity in intensities.items():
        image += maps[tissue] * (intensity - image)
    brain, image = _shrink(maps["brain"], resolution), _shrink(image * maps["brain"], resolution)
    rng = np.random.default_rng(factors.noise_seed)
    if factors.bias_amplitude:
        # tanh bounds the field; its waves, as long as the head, are the slow drift of a receive coil.
        pixels = sampling_grid(factors, resolution, FIELD_OF_VIEW_MM)
        image *= 1.0 + factors.bias_amplitude * np.tanh(smooth_field(pixels, rng, 170.0))
    image = add_rician_noise(image, factors.noise_sigma, rng) * (brain > 0.5)
    return np.clip(image, 0.0, 1.0)


def add_rician_noise(image, sigma, rng):
    """Adds Gaussian noise to both receiver channels and takes the magnitude.

    Source: Gudbjartsson and Patz, The Rician distribution of noisy MRI data, Magnetic Resonance in Medicine
    34, 1995.

    Args:
        image: float array, the noise-free magnitude.
        sigma: Standard deviation of the noise in each channel, in units of `image`.
        rng: `numpy.random.Generator`.

    Returns:
        float32 array of the shape of `image`, never negative. Where `image` is 0 it is Rayleigh distributed,
        with mean `sigma * sqrt(pi / 2)`.
    """
    real, imaginary = rng.standard_normal((2, *image.shape), dtype="float32") * sigma
    return np.sqrt((image + real) ** 2 + imaginary**2).astype("float32")


def phantom_images(count: int, resolution: int, seed: int = 0, subject_offset: int = 0) -> Phantoms:
    """Makes a labelled set of slices, `SLICES_PER_SUBJECT` of each subject.

    Image `i` depends on `seed`, `resolution`, `subject_offset` and `i` alone, so a longer set begins with a
    shorter one. Classes alternate from subject to subject.

    Args:
        count: Number of images.
        resolution: Side of the images in pixels, a power of two from 16 on.
        seed: Non-negative integer.
        subject_offset: Number of the first subject. Sets of one seed share no subject if their numbers do not
            overlap; a set uses `ceil(count / SLICES_PER_SUBJECT)` numbers.

    Returns:
        `Phantoms`.

    Raises:
        ValueError: If `count` is below 1, `resolution` is no power of two from 16 on, or `seed` or
            `subject_offset` is negative.

    Example:

    >>> train = phantom_images(2000, 64)
    >>> test = phantom_images(400, 64, subject_offset=500)
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1. Received: count={count}")
    if seed < 0:
        raise ValueError(f"`seed` must not be negative. Received: seed={seed}")
    if subject_offset < 0:
        raise ValueError(f"`subject_offset` must not be negative. Received: subject_offset={subject_offset}")
    _check_resolution(resolution)
    images = np.empty((count, resolution, resolution, 1), "uint8")
    subjects, factors = [], []
    for i in range(count):
        number, index = subject_offset + i // SLICES_PER_SUBJECT, i % SLICES_PER_SUBJECT
        if index == 0:
            label = number % len(CLASSES)
            anatomy = draw_factors(label, np.random.default_rng([seed, number]))
        pose = draw_factors(label, np.random.default_rng([seed, number, index + 1]))
        shared = {name: getattr(anatomy, name) for name in SUBJECT_FACTORS}
        factors.append(replace(pose, **shared))
        subjects.append(f"phantom-{number:04d}")
        images[i, :, :, 0] = np.rint(255.0 * render(factors[-1], resolution))
    labels = np.array([drawn.label for drawn in factors], "int64")
    return Phantoms(images, labels, np.array(subjects), factors)


def _shrink(array, size):
    """Mean over square blocks, halving the array until it measures `size`; both sizes are powers of two."""
    while array.shape[0] > size:
        rows = array[0::2] + array[1::2]
        array = 0.25 * (rows[:, 0::2] + rows[:, 1::2])
    return array


def _check_resolution(resolution):
    if resolution < 16 or resolution != int(resolution) or int(resolution) & (int(resolution) - 1):
        raise ValueError(f"`resolution` must be a power of two from 16 on. Received: resolution={resolution}")
