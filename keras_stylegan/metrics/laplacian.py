"""Sliced Wasserstein distance between patches of Laplacian pyramids (Karras et al. 2017, section 5)."""

import numpy as np
from scipy import ndimage

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.estimate import Estimate, require_count
from keras_stylegan.metrics.images import as_float, blocks, check_images, check_same_shape

PATCH = 7
COARSEST = 16
PATCHES_PER_IMAGE = 128
MOST_PATCHES = 65536
"""Patches of each set and level; the paper takes 2 million, for the same expected value at more time."""
DIRECTIONS = 128
TAPS = np.array([1, 4, 6, 4, 1], np.float32) / 16


def reduced(images: np.ndarray) -> np.ndarray:
    """Half the height and width: binomial filter [1 4 6 4 1] / 16 both ways, every second pixel. (N, H, W, C)."""
    for axis in (1, 2):
        images = ndimage.correlate1d(images, TAPS, axis=axis, mode="mirror")
    return images[:, ::2, ::2]


def expanded(images: np.ndarray) -> np.ndarray:
    """Twice the height and width: zeros between the pixels, then the filter times 4. (N, H, W, C)."""
    count, height, width, channels = images.shape
    spread = np.zeros((count, 2 * height, 2 * width, channels), np.float32)
    spread[:, ::2, ::2] = images
    for axis in (1, 2):
        spread = ndimage.correlate1d(spread, 2 * TAPS, axis=axis, mode="mirror")
    return spread


def laplacian_pyramid(images: np.ndarray) -> list[np.ndarray]:
    """Detail images from fine to coarse, the last one the coarsest image itself (16 pixels).

    Args:
        images: float32 (N, H, W, C), H and W multiples of 16 by a power of two.
    """
    levels = []
    while min(images.shape[1:3]) >= 2 * COARSEST and all(size % 2 == 0 for size in images.shape[1:3]):
        coarse = reduced(images)
        levels.append(images - expanded(coarse))
        images = coarse
    return [*levels, images]


def sliced_wasserstein(generated: np.ndarray, reference: np.ndarray, seed: int = 0) -> dict[str, Estimate]:
    """Distance of 7x7 patches at each scale, in the mean over 128 random directions, times 1000 as in the paper.

    Patches of both sets are normalised to mean 0 and deviation 1 per channel, as in the paper: the distance sees
    structure and not contrast (the intensity histogram does). The larger set is cut at random to the size of the
    smaller one, and up to 65,536 patches of each set are used per level.

    Args:
        generated: (N, H, W, C) generated images.
        reference: (M, H, W, C) held-out images.
        seed: Seed of the cut, the places of the patches and the directions.

    Returns:
        One `Estimate` per level by its height in pixels ("64", "32", "16") and their "mean"; lower is better. The
        intervals are those over the directions.

    Raises:
        InputError: Images under 16 pixels, wrong shapes or NaN.
    """
    check_images(generated, "generated images")
    check_images(reference, "held-out images")
    check_same_shape(generated, reference, "generated images", "held-out images")
    require_count(min(len(generated), len(reference)), 2, "the sliced Wasserstein distance", "images on each side")
    if min(generated.shape[1:3]) < COARSEST:
        raise InputError(f"the sliced Wasserstein distance needs {COARSEST} pixels. Received: {generated.shape[1:3]}")
    count = min(len(generated), len(reference))
    first, second = (
        _patches(images, count, np.random.default_rng([seed, side]))
        for side, images in enumerate((generated, reference))
    )
    rng = np.random.default_rng([seed, 2])
    per_level = {}
    for size, patches in first.items():
        directions = rng.standard_normal((patches.shape[1], DIRECTIONS)).astype(np.float32)
        directions /= np.linalg.norm(directions, axis=0)
        per_level[str(size)] = 1000 * _distances(patches, second[size], directions)
    estimates = {name: _estimate(distances, count, seed) for name, distances in per_level.items()}
    return {**estimates, "mean": _estimate(np.mean(list(per_level.values()), axis=0), count, seed)}


def _patches(images, count, rng):
    """Normalised patches (P, 49 C) of each level by its height; the same number for every level and set."""
    chosen = np.sort(rng.choice(len(images), count, replace=False))
    per_image = max(1, min(PATCHES_PER_IMAGE, MOST_PATCHES // count))
    levels: dict[int, list] = {}
    offsets = np.arange(PATCH)
    for block in blocks(count, 256):
        for level in laplacian_pyramid(as_float(images[chosen[block]])):
            number, height, width, channels = level.shape
            image = np.arange(number)[:, None, None, None]
            top = rng.integers(0, height - PATCH + 1, (number, per_image))[:, :, None, None] + offsets[:, None]
            left = rng.integers(0, width - PATCH + 1, (number, per_image))[:, :, None, None] + offsets
            levels.setdefault(height, []).append(level[image, top, left].reshape(-1, PATCH * PATCH, channels))
    normalised = {}
    for height, parts in levels.items():
        patches = np.concatenate(parts)
        patches -= patches.mean(axis=(0, 1))
        patches /= patches.std(axis=(0, 1)) + 1e-8
        normalised[height] = patches.reshape(len(patches), -1)
    return normalised


def _distances(first, second, directions):
    """1-Wasserstein distance along each direction, (DIRECTIONS,)."""
    distances = np.empty(directions.shape[1])
    for index, direction in enumerate(directions.T):
        distances[index] = np.abs(np.sort(first @ direction) - np.sort(second @ direction)).mean()
    return distances


def _estimate(distances, count, seed):
    half = 1.96 * float(distances.std(ddof=1)) / len(distances) ** 0.5
    value = float(distances.mean())
    return Estimate(value, (max(value - half, 0.0), value + half), count, count, seed, "interval over directions")
