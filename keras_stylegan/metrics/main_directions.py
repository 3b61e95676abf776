"""How much of the variance of real images generated ones have, in the directions in which real images differ most."""

import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.bootstrap import jackknife_interval
from keras_stylegan.metrics.estimate import Estimate, require_count
from keras_stylegan.metrics.images import as_float, blocks, check_images, check_same_shape, resize

DIRECTIONS = 10
"""Principal components that count. Of brain slices the first is the height in the head; ten hold half the variance."""
SIDE = 16
"""Images are shrunk to this: what differs most from image to image is large, and texture has no say."""


def covered_variance(
    generated: np.ndarray,
    reference: np.ndarray,
    subjects: np.ndarray | None = None,
    seed: int = 0,
    plain: bool = False,
) -> Estimate:
    """Σ min(σ_k², λ_k) / Σ λ_k over the main directions k of the held-out images.

    λ_k is their variance along their k-th principal component and σ_k² that of the generated images along the same
    one. Too much variance in one direction makes up for no lack in another, so that a set of one brain in many
    brightnesses has little, though its pixels may differ as much as those of real images.

    Args:
        generated: (N, H, W, C) generated images.
        reference: (M, H, W, C) held-out images.
        subjects: (M,) subjects of the held-out images, for the interval.
        seed: Seed of the jackknife's groups.
        plain: No interval.

    Returns:
        The share, 0 to 1; higher is better. The interval takes the directions as they are.

    Raises:
        InputError: Wrong shapes, NaN, a single image, or held-out images that are all the same.
    """
    for images, name in ((generated, "generated images"), (reference, "held-out images")):
        check_images(images, name)
        require_count(len(images), 2, "the covered variance", name)
    check_same_shape(generated, reference, "generated images", "held-out images")
    small = _shrunk(reference)
    # Symmetric, eigenvalues in ascending order.
    _, directions = np.linalg.eigh(np.cov(small, rowvar=False))
    directions = directions[:, ::-1][:, :DIRECTIONS]
    along = [values @ directions for values in (_shrunk(generated), small)]
    if not along[1].var(axis=0).sum() > 1e-12:
        raise InputError("the covered variance needs held-out images that differ. Received: all are the same")
    interval = None if plain else jackknife_interval(_covered, *along, subjects, seed)
    if interval is not None:
        interval = (max(interval[0], 0.0), min(interval[1], 1.0))
    return Estimate(_covered(*along), interval, len(generated), len(reference), seed)


def _covered(generated, reference):
    variance, real = generated.var(axis=0), reference.var(axis=0)
    return float(np.minimum(variance, real).sum() / real.sum())


def _shrunk(images):
    """(N, D) float64."""
    height, width = (min(size, SIDE) for size in images.shape[1:3])
    parts = [resize(as_float(np.asarray(images[block])), height, width) for block in blocks(len(images))]
    return np.concatenate(parts).reshape(len(images), -1).astype(np.float64)
