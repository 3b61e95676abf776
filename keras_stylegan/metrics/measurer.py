"""A number that images come with, such as the position of a slice, told from their features."""

import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.bootstrap import percentile_interval, subject_weights
from keras_stylegan.metrics.estimate import Estimate, checked_features, checked_subjects, require_count
from keras_stylegan.metrics.floors import split_by_subject

PENALTIES = 10.0 ** np.arange(-3, 4)
"""Candidates for the weight of |β|² beside the mean square error of standardised features."""
RESAMPLES = 1000
LEAST = 20
"""Images; fewer say nothing of 200 features."""


class LinearMeasurer:
    """Ridge regression on standardised features (Hoerl and Kennard 1970); its penalty is chosen on other subjects.

    Linear on fixed features: one answer, no training to watch, and the same for numbers and for a class, which is 1
    for its members and 0 for others.

    Args:
        features: (N, D) of real images.
        values: (N,) what they come with.
        subjects: (N,) whose images they are: a fifth of the subjects choose the penalty.

    Raises:
        InputError: Fewer than 20 images or two subjects, values that are not finite or all the same.
    """

    def __init__(self, features: np.ndarray, values: np.ndarray, subjects: np.ndarray) -> None:
        features = checked_features(features, "images to measure with").astype(np.float64)
        values = np.asarray(values, np.float64)
        require_count(len(features), LEAST, "a measurer", "images")
        if not np.isfinite(values).all() or np.ptp(values) == 0:
            raise InputError("a measurer needs values that are finite and differ")
        others, most = split_by_subject(subjects, 0.2)
        errors = [
            np.mean((_ridge(features[most], values[most], penalty)(features[others]) - values[others]) ** 2)
            for penalty in PENALTIES
        ]
        self.penalty = float(PENALTIES[int(np.argmin(errors))])
        self._predict = _ridge(features, values, self.penalty)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Values (N,) of features (N, D)."""
        return self._predict(np.asarray(features, np.float64))


def _ridge(features, values, penalty):
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    # A feature without variance carries nothing: 0 after the division.
    scale = np.where(deviation > 1e-8 * (np.abs(mean) + 1e-30), deviation, np.inf)
    inputs, centre = (features - mean) / scale, values.mean()
    gram = inputs.T @ inputs / len(inputs) + penalty * np.eye(inputs.shape[1])
    slopes = np.linalg.solve(gram, inputs.T @ (values - centre) / len(inputs))
    return lambda others: (others - mean) / scale @ slopes + centre


def correlation(
    measured: np.ndarray, actual: np.ndarray, subjects: np.ndarray | None = None, seed: int = 0
) -> Estimate:
    """Pearson's correlation of what was measured with what is true, with an interval over subjects.

    Args:
        measured: (N,) values.
        actual: (N,) values.
        subjects: (N,) whose image each is; None where every image is its own.
        seed: Of the bootstrap.

    Raises:
        InputError: Fewer than two images, or one side is all the same.
    """
    measured, actual = np.asarray(measured, np.float64), np.asarray(actual, np.float64)
    require_count(len(measured), 2, "a correlation", "images")
    if np.ptp(measured) == 0 or np.ptp(actual) == 0:
        raise InputError("a correlation needs values that differ")
    owners = checked_subjects(subjects, len(actual), "a correlation")
    weights = subject_weights(owners, RESAMPLES, np.random.default_rng(seed)).astype(np.float64)
    whole = _weighted(np.ones((1, len(actual))), measured, actual)[0]
    return Estimate(float(whole), percentile_interval(_weighted(weights, measured, actual)), 0, len(actual), seed)


def _weighted(weights, first, second):
    """Correlations (B,) under weights (B, N); NaN where a resample is all the same."""
    weights = weights / weights.sum(axis=1, keepdims=True)
    means = weights @ first, weights @ second
    products = weights @ (first * second) - means[0] * means[1]
    variances = [weights @ values**2 - mean**2 for values, mean in zip((first, second), means, strict=True)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.minimum(*variances) > 1e-12, products / np.sqrt(variances[0] * variances[1]), np.nan)
