"""Improved precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020)."""

import numpy as np

from keras_stylegan.metrics.bootstrap import mean_interval
from keras_stylegan.metrics.estimate import Estimate, checked_pair, checked_subjects
from keras_stylegan.metrics.neighbours import balls_around, radii

PRECISION_NEIGHBOURS = 3
"""k of precision and recall: the value of Kynkäänniemi et al."""
DENSITY_NEIGHBOURS = 5
"""k of density and coverage: the value of Naeem et al."""


def precision_recall(
    generated: np.ndarray, reference: np.ndarray, subjects: np.ndarray | None = None, seed: int = 0
) -> dict[str, Estimate]:
    """Fidelity and diversity as two numbers each, from balls that reach to the k-th nearest neighbour.

    All four depend on the number of images, so the larger set is cut at random to the size of the smaller one.

    Args:
        generated: (N, D) features of generated images.
        reference: (M, D) features of held-out images.
        subjects: (M,) subjects of the held-out images, for the intervals.
        seed: Seed of the cut and of the intervals.

    Returns:
        - precision: share of generated images inside a ball around a real one (k = 3);
        - recall: share of real images inside a ball around a generated one (k = 3);
        - density: balls around real images that hold a generated one, mean over the generated, over k = 5; can be > 1;
        - coverage: share of real images whose ball (k = 5) holds a generated image.
        Higher is better. The intervals are those of the mean over images with the balls as they are.

    Raises:
        InputError: Fewer than 6 images, NaN, or different widths.
    """
    needed = max(PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS) + 1
    generated, reference = checked_pair(generated, reference, needed, "precision and recall")
    owners = checked_subjects(subjects, len(reference), "held-out images")
    count = min(len(generated), len(reference))
    rng = np.random.default_rng(seed)
    generated = generated[_sample(len(generated), count, rng)]
    kept = _sample(len(reference), count, rng)
    reference, owners = reference[kept], owners[kept]

    narrow = radii(reference, PRECISION_NEIGHBOURS)
    inside_real, _ = balls_around(generated, reference, narrow)
    inside_generated, _ = balls_around(reference, generated, radii(generated, PRECISION_NEIGHBOURS))
    holding, held = balls_around(generated, reference, radii(reference, DENSITY_NEIGHBOURS))
    per_image = {
        "precision": (inside_real > 0, None),
        "recall": (inside_generated > 0, owners),
        "density": (holding / DENSITY_NEIGHBOURS, None),
        "coverage": (held > 0, owners),
    }
    return {
        name: Estimate(float(np.mean(values)), mean_interval(values, groups, seed), count, count, seed)
        for name, (values, groups) in per_image.items()
    }


def _sample(count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    return np.arange(count) if count == size else np.sort(rng.choice(count, size, replace=False))
