"""The metrics of an evaluation as one table: how each is measured, and how its floor is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.frechet import frechet, frechet_distance
from keras_stylegan.metrics.kernel import kernel_distance
from keras_stylegan.metrics.laplacian import sliced_wasserstein
from keras_stylegan.metrics.precision_recall import precision_recall
from keras_stylegan.metrics.spectrum import histogram_distance, spectrum_distance

Measure = Callable[[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None, int], dict[str, Estimate]]


@dataclass(frozen=True)
class Comparison:
    """One function that compares two sets and gives one number or several.

    Attributes:
        name: Of the function.
        measure: (generated, heldout, subjects of generated or None, subjects of heldout, seed) to key to `Estimate`.
            Generated images have no subjects; the real ones that stand in for them in a floor have.
        distances: The same arguments to plain numbers, for the floor; None takes the values of `measure`.
    """

    name: str
    measure: Measure
    distances: Callable[..., dict[str, float]] | None = None

    def values(self, *arguments: Any) -> dict[str, float]:
        """Key to number, without an interval where that is quicker."""
        if self.distances is not None:
            return self.distances(*arguments)
        return {key: estimate.value for key, estimate in self.measure(*arguments).items()}


def _histogram(first, second, first_subjects, second_subjects, seed):
    return {"histogram": histogram_distance(first, second, second_subjects, seed)}


def _spectrum(first, second, first_subjects, second_subjects, seed):
    return {"spectrum": spectrum_distance(first, second, second_subjects, seed)}


def _sliced_wasserstein(first, second, first_subjects, second_subjects, seed):
    levels = sliced_wasserstein(first, second, seed=seed)
    return {f"sliced_wasserstein_{level}": estimate for level, estimate in levels.items()}


def _frechet(first, second, first_subjects, second_subjects, seed):
    return {"frechet": frechet(first, second, second_subjects, seed)}


def _frechet_value(first, second, first_subjects, second_subjects, seed):
    return {"frechet": frechet_distance(first, second)}


def _kernel(first, second, first_subjects, second_subjects, seed):
    return {"kernel": kernel_distance(first, second, second_subjects, seed, first_subjects)}


def _precision_recall(first, second, first_subjects, second_subjects, seed):
    return precision_recall(first, second, second_subjects, seed, first_subjects)


OF_IMAGES = (
    Comparison("histogram", _histogram),
    Comparison("spectrum", _spectrum),
    Comparison("sliced_wasserstein", _sliced_wasserstein),
)
OF_FEATURES = (
    Comparison("frechet", _frechet, _frechet_value),
    Comparison("kernel", _kernel),
    Comparison("precision_recall", _precision_recall),
)
