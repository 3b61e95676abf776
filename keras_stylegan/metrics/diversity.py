"""Diversity: the structural similarity of pairs of images of one set (Odena et al. 2017)."""

import numpy as np
from scipy import ndimage

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.bootstrap import mean_interval
from keras_stylegan.metrics.estimate import Estimate, checked_subjects
from keras_stylegan.metrics.images import as_float, blocks, check_images, check_same_shape

WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of Wang et al. 2003, finest scale first."""
RANGE = 2.0
_TAPS = np.exp(-((np.arange(WINDOW) - WINDOW // 2) ** 2) / (2 * SIGMA**2))
GAUSSIAN = _TAPS / _TAPS.sum()


def ms_ssim(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Multi-scale structural similarity of image pairs (Wang et al. 2003, equation 7).

    The paper's five scales need 176 pixels; smaller images use the scales that hold an 11x11 window, with the
    paper's weights divided by their sum. Negative contrast terms count as 0.

    Args:
        first: (N, H, W, C) float in [-1, 1].
        second: (N, H, W, C).

    Returns:
        (N,) similarities, 1 for equal images; the mean over channels.

    Raises:
        InputError: Images smaller than 11 pixels.
    """
    check_same_shape(first, second, "the first images", "the second images")
    sizes = [min(first.shape[1:3]) // 2**scale for scale in range(len(SCALE_WEIGHTS))]
    scales = sum(size >= WINDOW for size in sizes)
    if scales == 0:
        raise InputError(f"MS-SSIM needs images of at least {WINDOW} pixels. Received: {first.shape[1:3]}")
    weights = np.array(SCALE_WEIGHTS[:scales]) / sum(SCALE_WEIGHTS[:scales])
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    result = 1.0
    for scale, weight in enumerate(weights):
        similarity, contrast = _ssim_terms(first, second)
        last = scale == scales - 1
        result = result * np.maximum(similarity if last else contrast, 0.0) ** weight
        if not last:
            first, second = _halved(first), _halved(second)
    return result.mean(axis=1)


def ms_ssim_diversity(
    images: np.ndarray,
    labels: np.ndarray | None = None,
    subjects: np.ndarray | None = None,
    pairs: int = 500,
    seed: int = 0,
) -> Estimate:
    """Mean MS-SSIM of random pairs within a class: the lower, the more diverse.

    It has no good value of its own: compare it with that of the held-out images. A generator that has collapsed lies
    far above.

    Args:
        images: (N, H, W, C) one set of images, generated or real.
        labels: (N,) classes; pairs are drawn within a class, in proportion to its images.
        subjects: (N,) subjects of real images; pairs are drawn between different subjects.
        pairs: Number of pairs.
        seed: Seed of the pairs and of the interval, a bootstrap over pairs.

    Returns:
        The mean similarity; both counts are those of the set.

    Raises:
        InputError: Fewer than 2 images (or subjects) in every class, or images smaller than 11 pixels.
    """
    check_images(images, "images")
    owners = checked_subjects(subjects, len(images), "images")
    labels = np.zeros(len(images), np.int64) if labels is None else np.asarray(labels)
    if labels.shape != (len(images),):
        raise InputError(f"MS-SSIM: one label per image is needed, {len(images)}. Received: shape {labels.shape}")
    rng = np.random.default_rng(seed)
    first = rng.integers(0, len(images), pairs)
    second = np.full(pairs, -1)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        for index in np.flatnonzero(labels[first] == label):
            others = members[owners[members] != owners[first[index]]]
            if len(others):
                second[index] = rng.choice(others)
    first, second = first[second >= 0], second[second >= 0]
    if len(first) == 0:
        what = "images" if subjects is None else "subjects"
        raise InputError(f"MS-SSIM diversity needs at least 2 {what} in a class. Received: {len(images)} images")
    values = np.concatenate(
        [ms_ssim(as_float(images[first[block]]), as_float(images[second[block]])) for block in blocks(len(first), 128)]
    )
    interval = mean_interval(values, None, seed)
    return Estimate(float(values.mean()), interval, len(images), len(images), seed, f"{len(values)} pairs")


def _ssim_terms(first, second):
    """Means over the valid windows of l·cs and of cs, each (N, C)."""
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    mean1, mean2 = _blurred(first), _blurred(second)
    variances = _blurred(first**2) - mean1**2 + _blurred(second**2) - mean2**2
    covariance = _blurred(first * second) - mean1 * mean2
    contrast = (2 * covariance + c2) / (variances + c2)
    luminance = (2 * mean1 * mean2 + c1) / (mean1**2 + mean2**2 + c1)
    return (luminance * contrast).mean(axis=(1, 2)), contrast.mean(axis=(1, 2))


def _blurred(images):
    half = WINDOW // 2
    for axis in (1, 2):
        images = ndimage.correlate1d(images, GAUSSIAN, axis=axis, mode="nearest")
    return images[:, half:-half, half:-half]


def _halved(images):
    height, width = (size // 2 * 2 for size in images.shape[1:3])
    images = images[:, :height, :width]
    images = images[:, ::2] + images[:, 1::2]
    return (images[:, :, ::2] + images[:, :, 1::2]) / 4
