"""Kernel distance (KID): the unbiased squared maximum mean discrepancy (Bińkowski et al. 2018)."""

import numpy as np

from keras_stylegan.metrics.bootstrap import percentile_interval, subject_weights
from keras_stylegan.metrics.estimate import Estimate, checked_pair, checked_subjects, require_count
from keras_stylegan.metrics.images import blocks

RESAMPLES = 200


def polynomial_kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(x·y / D + 1)³ for all rows of (N, D) and (M, D): (N, M)."""
    return (first @ second.T / first.shape[1] + 1) ** 3


def kernel_distance(
    generated: np.ndarray,
    reference: np.ndarray,
    subjects: np.ndarray | None = None,
    seed: int = 0,
    generated_subjects: np.ndarray | None = None,
) -> Estimate:
    """Unbiased squared MMD with a bootstrap interval over generated images and held-out subjects.

    The usual estimator leaves out the pairs of an image with itself. Here the pairs of a subject with itself are left
    out: two slices of one person are alike, and would push the distance between two sets of people away from 0.
    Without subjects it is the usual estimator, on all images at once instead of on random subsets.

    The bootstrap draws whole subjects and leaves out the pairs of a subject with its own copies too. Near 0 its
    interval is wider than it need be (the statistic is degenerate there), never narrower.

    Args:
        generated: (N, D) features of generated images.
        reference: (M, D) features of held-out images.
        subjects: (M,) subjects of the held-out images; None where every image is its own.
        seed: Seed of the resamples.
        generated_subjects: (N,) subjects where real images stand in for generated ones, as in a floor.

    Returns:
        The distance, about 0 (also below) for equal distributions; lower is better.

    Raises:
        InputError: Fewer than 2 images or subjects, NaN, or different widths.
    """
    generated, reference = checked_pair(generated, reference, 2, "the kernel distance")
    owners = checked_subjects(subjects, len(reference), "held-out images")
    require_count(int(owners.max()) + 1, 2, "the kernel distance", "held-out subjects")
    rng = np.random.default_rng(seed)
    makers = checked_subjects(generated_subjects, len(generated), "generated images")
    require_count(int(makers.max()) + 1, 2, "the kernel distance", "subjects of generated images")
    sides = []
    for features, groups in ((generated, makers), (reference, owners)):
        weights = subject_weights(groups, RESAMPLES, rng)
        weights = np.concatenate([np.ones((1, len(features)), np.float32), weights])
        sides.append((np.ascontiguousarray(features, np.float32), groups, weights))
    (x, x_groups, x_weights), (y, y_groups, y_weights) = sides
    totals = (_mean_kernel(x, x, x_weights, x_weights, x_groups), _mean_kernel(y, y, y_weights, y_weights, y_groups))
    distances = totals[0] + totals[1] - 2 * _mean_kernel(x, y, x_weights, y_weights, None)
    return Estimate(float(distances[0]), percentile_interval(distances[1:]), len(x), len(y), seed)


def _mean_kernel(first, second, first_weights, second_weights, groups):
    """Weighted mean of the kernel over pairs, (B,) for B weightings; without pairs inside a group where given."""
    total = np.zeros(len(first_weights))
    for block in blocks(len(first)):
        kernel = polynomial_kernel(first[block], second)
        if groups is not None:
            kernel[groups[block, None] == groups] = 0
        total += np.einsum("bn,bn->b", first_weights[:, block], second_weights @ kernel.T, dtype=np.float64)
    pairs = first_weights.sum(axis=1, dtype=np.float64) * second_weights.sum(axis=1, dtype=np.float64)
    if groups is not None:
        per_group = np.stack([np.bincount(groups, weights) for weights in first_weights])
        pairs -= (per_group**2).sum(axis=1)
    return total / np.where(pairs > 0, pairs, np.nan)
