"""What a network embeds of a label: the class, one-hot, and Fourier features of every covariate.

A bare number would enter by a single direction, and a network learns its finer effects late; cosines and sines of
frequencies from a normal distribution (Tancik et al. 2020) give coarse and fine changes a direction each.
"""

from collections.abc import Mapping
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from keras import ops

COUNT, BANDWIDTH = 8, 0.5
"""Frequencies, and the deviation of the normal distribution of which they are quantiles, in cycles per deviation."""
FREQUENCIES = np.array(
    [BANDWIDTH * NormalDist().inv_cdf(0.5 + (i + 0.5) / (2 * COUNT)) for i in range(COUNT)], "float32"
)
FEATURES = 2 * COUNT
"""Numbers that stand for a covariate."""


class Spread(NamedTuple):
    """How the values of a covariate are spread over the training images, in its own unit."""

    minimum: float
    maximum: float
    mean: float
    deviation: float
    """Standard deviation, above 0."""

    def standardised(self) -> "Spread":
        """That of the values with mean 0 and deviation 1."""
        low, high = ((value - self.mean) / self.deviation for value in (self.minimum, self.maximum))
        return Spread(low, high, 0.0, 1.0)


def spreads(covariates: Mapping[str, Any] | None) -> dict[str, Spread]:
    """Covariates as a constructor gets them, or as a file of Keras holds them: name to `Spread`."""
    return {str(name): Spread(*map(float, numbers)) for name, numbers in (covariates or {}).items()}


def label_features(label, c_dim: int, covariates: Mapping[str, Spread]):
    """(N, c_dim + K), the class one-hot and K numbers, to (N, c_dim + K·FEATURES).

    Args:
        label: Float tensor; numbers are in their own units, in the order of `covariates`.
        c_dim: Classes, 0 for none.
        covariates: By name.
    """
    parts = [label[:, :c_dim]] if c_dim else []
    for index, spread in enumerate(covariates.values()):
        # Not label[:, k, None]: TensorFlow's optimiser takes that of stacked columns for the column without its axis.
        value = (label[:, c_dim + index : c_dim + index + 1] - spread.mean) / spread.deviation
        angle = 2 * np.pi * value * FREQUENCIES
        parts += [ops.cos(angle), ops.sin(angle)]
    return ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]
