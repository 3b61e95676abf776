"""The metrics of an evaluation as one table: how each is measured, and how its floor is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.floors import Floor, floor
from keras_stylegan.metrics.frechet import frechet, frechet_distance
from keras_stylegan.metrics.kernel import kernel_distance
from keras_stylegan.metrics.laplacian import sliced_wasserstein
from keras_stylegan.metrics.precision_recall import precision_recall
from keras_stylegan.metrics.spectrum import histogram_distance, spectrum_distance

Measure = Callable[..., dict[str, Estimate]]


@dataclass(frozen=True)
class Comparison:
    """One function that compares two sets and gives one number or several.

    Attributes:
        name: Of the function.
        measure: (generated, heldout, subjects, seed) to key to `Estimate`.
        distances: (stand-in, heldout, seed) to the same keys and plain numbers, for the floor.
    """

    name: str
    measure: Measure
    distances: Callable[..., dict[str, float]]


def _comparison(name: str, measure: Measure) -> Comparison:
    def distances(first, second, seed):
        return {key: estimate.value for key, estimate in measure(first, second, None, seed).items()}

    return Comparison(name, measure, distances)


def _sliced_wasserstein(generated, heldout, subjects, seed):
    levels = sliced_wasserstein(generated, heldout, seed=seed)
    return {f"sliced_wasserstein_{level}": estimate for level, estimate in levels.items()}


OF_IMAGES = (
    _comparison(
        "histogram", lambda a, b, subjects, seed: {"histogram": histogram_distance(a, b, subjects=subjects, seed=seed)}
    ),
    _comparison(
        "spectrum", lambda a, b, subjects, seed: {"spectrum": spectrum_distance(a, b, subjects=subjects, seed=seed)}
    ),
    _comparison("sliced_wasserstein", _sliced_wasserstein),
)
OF_FEATURES = (
    Comparison(
        "frechet",
        lambda a, b, subjects, seed: {"frechet": frechet(a, b, subjects=subjects, seed=seed)},
        # Without the interval, which takes most of the time.
        lambda a, b, seed: {"frechet": frechet_distance(a, b)},
    ),
    _comparison("kernel", lambda a, b, subjects, seed: {"kernel": kernel_distance(a, b, subjects=subjects, seed=seed)}),
    _comparison("precision_recall", lambda a, b, subjects, seed: precision_recall(a, b, subjects=subjects, seed=seed)),
)


def floors(
    comparison: Comparison,
    pool: np.ndarray,
    pool_subjects: np.ndarray,
    heldout: np.ndarray,
    heldout_subjects: np.ndarray,
    size: int,
    seed: int,
) -> dict[str, Floor]:
    """The floor of every number of a comparison; `metrics.floors.floor` draws the same images for each of them.

    Args:
        comparison: What is measured.
        pool: (N, ...) training images or features.
        pool_subjects: (N,).
        heldout: (M, ...) held-out images or features.
        heldout_subjects: (M,).
        size: Number of generated images.
        seed: Seed of the draws.

    Raises:
        InputError: See `floor`.
    """
    compared: list[dict[str, float]] = []

    def first_key(first, second):
        compared.append(comparison.distances(first, second, seed))
        return next(iter(compared[-1].values()))

    first = floor(first_key, pool, pool_subjects, heldout, heldout_subjects, size, seed=seed)
    found = {}
    for key in compared[0]:
        values = [numbers[key] for numbers in compared]
        found[key] = Floor(
            value=float(np.mean(values)),
            low=min(values),
            high=max(values),
            count=first.count,
            reference_count=first.reference_count,
            repeats=first.repeats,
            seed=first.seed,
            note=first.note,
        )
    return found
