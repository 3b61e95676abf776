"""Covariates of generated images: what the training images have, and values drawn as these have them.

A run keeps of every covariate, and of every class if it is conditional, 17 quantiles of its values, and of every pair
a correlation: a Gaussian copula with the rank correlations of the training images (Nelsen 2006, section 2.3; Kruskal
1958). Values of image `index` of a seed are drawn by them, so that neither the images nor a list of people is needed:

    Generator(Philox(key=[seed, index], counter=[0, 0, 0, 2])).standard_normal(K)    u
    g = L u, L the Cholesky factor of the correlations; value = quantile function at Φ(g), linear between quantiles
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.layers.label_features import Spread

GOLDEN = (5**0.5 - 1) / 2
QUANTILES = 17
"""Of every covariate and class: each stands for a sixteenth of the images."""


@dataclass(frozen=True)
class Covariate:
    """What a run knows of a number that its training images come with; in the covariate's own unit."""

    name: str
    """As in `model.covariates`."""
    minimum: float
    """Smallest value."""
    maximum: float
    """Largest value."""
    mean: float
    """Mean."""
    deviation: float
    """Standard deviation."""
    quantiles: tuple[tuple[float, ...], ...]
    """Of every class, or of all images if the run is not conditional: the quantiles 0, 1/16, …, 1."""
    correlations: tuple[tuple[float, ...], ...] = ()
    """As many rows: 2·sin(π/6·ρ) with every covariate before it, ρ the correlation of their ranks."""

    @property
    def spread(self) -> Spread:
        """For the networks."""
        return Spread(self.minimum, self.maximum, self.mean, self.deviation)


def covariates_of(labels: np.ndarray, names: Sequence[str], groups: int) -> tuple[Covariate, ...]:
    """Describes the covariates of training images.

    Args:
        labels: (N,) records of `label_record`, all numbers finite and none constant.
        names: Of the covariates.
        groups: Classes that are told apart; 1 for none.
    """
    members = [labels["class"] == group for group in range(groups)] if groups > 1 else [np.ones(len(labels), bool)]
    # A class without an image is drawn from as all are.
    members = [rows if rows.any() else np.ones(len(labels), bool) for rows in members]
    columns = {name: labels[name].astype(np.float64) for name in names}
    ranks = [{name: _ranks(column[rows]) for name, column in columns.items()} for rows in members]
    levels = np.linspace(0, 1, QUANTILES)
    return tuple(
        Covariate(
            name,
            float(column.min()),
            float(column.max()),
            float(column.mean()),
            float(column.std()),
            tuple(tuple(np.quantile(column[rows], levels).tolist()) for rows in members),
            tuple(tuple(_correlation(own[name], own[other]) for other in names[:place]) for own in ranks),
        )
        for place, (name, column) in enumerate(columns.items())
    )


def draw_covariates(
    covariates: Sequence[Covariate], seed: int, indices: Iterable[int], groups: Iterable[int]
) -> np.ndarray:
    """Values (N, K) float32 of the images `indices` of a seed.

    Args:
        covariates: Of the run.
        seed: 0 to 2^64 − 1.
        indices: Numbers of the images; the same number has the same ranks in every class.
        groups: The class of every image; 0 for a run without classes.
    """
    rows = []
    for index, group in zip(indices, groups, strict=True):
        words, counter = np.array([seed, index], np.uint64), np.array([0, 0, 0, 2], np.uint64)
        normal = np.random.Generator(np.random.Philox(key=words, counter=counter)).standard_normal(len(covariates))
        ranks = [0.5 * (1 + math.erf(value / math.sqrt(2))) for value in _factor(covariates, group) @ normal]
        levels = np.linspace(0, 1, QUANTILES)
        rows.append(
            [np.interp(rank, levels, item.quantiles[group]) for rank, item in zip(ranks, covariates, strict=True)]
        )
    return np.array(rows, np.float32).reshape(len(rows), len(covariates))


def _factor(covariates: Sequence[Covariate], group: int) -> np.ndarray:
    """Lower triangular, of the correlations of a class."""
    matrix = np.eye(len(covariates))
    for place, item in enumerate(covariates):
        row = item.correlations[group] if place else ()
        matrix[place, :place] = matrix[:place, place] = row
    # Two covariates with the same order are one: a little less than that keeps the matrix positive.
    return np.linalg.cholesky(0.999 * matrix + 0.001 * np.eye(len(covariates)))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Equal values share the middle of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - 0.5 * counts)[inverse.reshape(-1)]


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Of normal variables whose ranks correlate as these do; 0 where one of them does not vary."""
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return 2 * math.sin(math.pi / 6 * float(np.corrcoef(first, second)[0, 1]))


def spread_labels(generator, count: int) -> np.ndarray | None:
    """Labels (N, c_dim + K) all over what a generator can be asked for; None for an unconditional one.

    Classes take turns, and every covariate goes through its range by the golden ratio's multiples and their powers.
    """
    places = np.arange(count)
    numbers = {
        name: spread.minimum + (places + 0.5) * GOLDEN ** (k + 1) % 1 * (spread.maximum - spread.minimum)
        for k, (name, spread) in enumerate(generator.covariates.items())
    }
    return label_array(generator, places % max(1, generator.c_dim), numbers)


def label_array(generator, classes: np.ndarray, numbers: Mapping[str, np.ndarray] | np.ndarray) -> np.ndarray | None:
    """Labels as networks take them.

    Args:
        generator: A `keras_stylegan.models.families.GeneratorNetwork`.
        classes: (N,) integers; not used by a generator without classes.
        numbers: Columns (N,) by the names of its covariates: a dictionary, or records of `label_record`.

    Returns:
        (N, c_dim + K) float32; None for an unconditional generator.
    """
    parts = []
    if generator.c_dim:
        parts.append(np.eye(generator.c_dim, dtype=np.float32)[np.asarray(classes, np.int64)])
    parts += [np.asarray(numbers[name], np.float32)[:, None] for name in generator.covariates]
    return np.concatenate(parts, axis=1) if parts else None


def asked_values(texts: Sequence[str], covariates: Sequence[Covariate]) -> dict[str, float]:
    """Values that a person gives as 'name=value', in the covariate's own unit.

    Raises:
        InputError: No such covariate, no number, one twice, or a value outside the range of the training images.
    """
    known = {item.name: item for item in covariates}
    values: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not known:
            raise InputError(f"covariate: the run was trained without any (model.covariates). Received: {text!r}")
        if name not in known:
            raise InputError(f"covariate must be one of {', '.join(known)}, as NAME=VALUE. Received: {text!r}")
        if name in values:
            raise InputError(f"covariate {name} is given twice. Received: {text!r}")
        item = known[name]
        try:
            values[name] = float(value)
        except ValueError:
            raise InputError(f"covariate must be NAME=VALUE with a number. Received: {text!r}") from None
        if not (equals and item.minimum <= values[name] <= item.maximum):
            raise InputError(
                f"covariate {name} must be from {item.minimum:g} to {item.maximum:g}, which the run was trained on. "
                f"Received: {text!r}"
            )
    return values
