"""Improved precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020)."""

import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.bootstrap import mean_interval
from keras_stylegan.metrics.estimate import Estimate, checked_pair, checked_subjects
from keras_stylegan.metrics.neighbours import balls_around, radii
from keras_stylegan.metrics.shares import share_interval

PRECISION_NEIGHBOURS = 3
"""k of precision and recall: the value of Kynkäänniemi et al."""
DENSITY_NEIGHBOURS = 5
"""k of density and coverage: the value of Naeem et al."""


def precision_recall(
    generated: np.ndarray,
    reference: np.ndarray,
    subjects: np.ndarray | None = None,
    seed: int = 0,
    generated_subjects: np.ndarray | None = None,
) -> dict[str, Estimate]:
    """Fidelity and diversity as two numbers each, from balls that reach to the k-th nearest neighbour.

    All four depend on the number of images, so the larger set is cut at random to the size of the smaller one.

    A ball reaches to the k-th nearest image of *another* subject. Between the slices of one person balls would shrink
    until no other person lay in them, and real images of new people would have a precision near 0. Without subjects
    these are the papers' definitions.

    Args:
        generated: (N, D) features of generated images.
        reference: (M, D) features of held-out images.
        subjects: (M,) subjects of the held-out images.
        seed: Seed of the cut and of the intervals.
        generated_subjects: (N,) subjects where real images stand in for generated ones, as in a floor.

    Returns:
        - precision: share of generated images inside a ball around a real one (k = 3);
        - recall: share of real images inside a ball around a generated one (k = 3);
        - density: balls around real images that hold a generated one, mean over the generated, over k = 5; can be > 1;
        - coverage: share of real images whose ball (k = 5) holds a generated image.
        Higher is better. The intervals are those over images with the balls as they are: exact for the three shares.

    Raises:
        InputError: Fewer than 6 images (5 of other subjects), NaN, or different widths.
    """
    needed = max(PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS) + 1
    generated, reference = checked_pair(generated, reference, needed, "precision and recall")
    owners = checked_subjects(subjects, len(reference), "held-out images")
    makers = checked_subjects(generated_subjects, len(generated), "generated images")
    count = min(len(generated), len(reference))
    rng = np.random.default_rng(seed)
    kept = _sample(len(generated), count, rng)
    generated, makers = generated[kept], makers[kept]
    kept = _sample(len(reference), count, rng)
    reference, owners = reference[kept], owners[kept]

    inside_real, _ = balls_around(generated, reference, _radii(reference, PRECISION_NEIGHBOURS, owners))
    inside_generated, _ = balls_around(reference, generated, _radii(generated, PRECISION_NEIGHBOURS, makers))
    holding, held = balls_around(generated, reference, _radii(reference, DENSITY_NEIGHBOURS, owners))
    density = holding / DENSITY_NEIGHBOURS
    per_image = {
        "precision": (inside_real > 0, share_interval(inside_real > 0, makers)),
        "recall": (inside_generated > 0, share_interval(inside_generated > 0, owners)),
        "density": (density, mean_interval(density, makers, seed)),
        "coverage": (held > 0, share_interval(held > 0, owners)),
    }
    return {
        name: Estimate(float(np.mean(values)), interval, count, count, seed)
        for name, (values, interval) in per_image.items()
    }


def _radii(features, k, groups):
    result = radii(features, k, groups)
    if np.isinf(result).any():
        raise InputError(f"precision and recall needs {k} images of other subjects for every image: there are fewer")
    return result


def _sample(count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    return np.arange(count) if count == size else np.sort(rng.choice(count, size, replace=False))
