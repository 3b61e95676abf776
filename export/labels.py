"""What images are to show: their classes, and covariates that are given or drawn as the training images have them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Label = str | int | None


class InputError(ValueError):
    """Bad input: the message is one line that says what was wrong and what to do."""


def require(condition: Any, name: str, expected: str, received: Any) -> None:
    """Raise an `InputError` unless a condition holds."""
    if not condition:
        raise InputError(f"{name} must be {expected}. Received: {received!r}")


class Labels:
    """The classes and covariates of a file.

    Args:
        classes: Names of the classes; empty for a model without.
        covariates: Of the metadata: a dictionary for each.
    """

    def __init__(self, classes: Sequence[str], covariates: Sequence[Mapping[str, Any]]) -> None:
        self.classes, self.covariates = tuple(classes), list(covariates)

    def chosen(self, label: Label) -> list[int]:
        """Numbers of the classes that take turns: of one, of all, or 0 for a model without.

        Raises:
            InputError: Unknown; the message lists the known ones.
        """
        if not self.classes:
            require(label is None, "label", "left out: this model was trained without classes", label)
            return [0]
        if label is None:
            return list(range(len(self.classes)))
        if isinstance(label, str):
            require(label in self.classes, "label", f"one of {list(self.classes)}", label)
            return [self.classes.index(label)]
        require(0 <= label < len(self.classes), "label", f"from 0 to {len(self.classes) - 1}", label)
        return [int(label)]

    def checked(self, given: Mapping[str, float] | None) -> dict[str, float]:
        """Given covariates, each within the range of the training images.

        Raises:
            InputError: Unknown, no number, or outside the range.
        """
        known, given = {item["name"]: item for item in self.covariates}, dict(given or {})
        for name, value in given.items():
            require(known, "covariate", "left out: this model was trained without any", name)
            require(name in known, "covariate", f"one of {list(known)}", name)
            low, high = known[name]["minimum"], known[name]["maximum"]
            # Not a number is in no range.
            legal = isinstance(value, (int, float, np.number)) and low <= value <= high
            require(legal, f"covariate {name}", f"from {low:g} to {high:g}, which the model was trained on", value)
        return {name: float(value) for name, value in given.items()}

    def feed(self, count: int, given: Mapping[str, float | np.ndarray] | None) -> dict[str, np.ndarray]:
        """The graph's input (N, K) of covariates that are all given, each as one number or as (N,); none without any.

        Raises:
            InputError: One is missing, unknown, or outside the range of the training images.
        """
        names, given = [item["name"] for item in self.covariates], dict(given or {})
        require(set(given) == set(names), "covariates", f"numbers of {names}", given)
        for name, value in given.items():
            require(np.size(value) in (1, count), f"covariate {name}", f"one number or {count}", np.size(value))
            for number in np.ravel(value).tolist():
                self.checked({name: number})
        columns = [np.broadcast_to(np.asarray(given[name], np.float32), count) for name in names]
        return {"covariates": np.stack(columns, axis=1)} if names else {}

    def values(
        self, seed: int, indices: Iterable[int], groups: Iterable[int], given: Mapping[str, float]
    ) -> np.ndarray:
        """Covariates (N, K) float32: those that are given, the others drawn as `run.py generate` draws them.

        Args:
            seed: Of the images.
            indices: Their numbers.
            groups: Number of the class of each.
            given: Of `checked`.
        """
        rows = [self._drawn(seed, index, group) for index, group in zip(indices, groups, strict=True)]
        values = np.array(rows, np.float32).reshape(len(rows), len(self.covariates))
        for place, item in enumerate(self.covariates):
            if item["name"] in given:
                values[:, place] = given[item["name"]]
        return values

    def _drawn(self, seed, index, group):
        """A Gaussian copula between the quantiles of the training images: `keras_stylegan.latent.covariates`."""
        count = len(self.covariates)
        normal = philox(seed, index, counter=(0, 0, 0, 2)).standard_normal(count)
        matrix = np.eye(count)
        for place, item in enumerate(self.covariates):
            matrix[place, :place] = matrix[:place, place] = item["correlations"][group] if place else ()
        factor = np.linalg.cholesky(0.999 * matrix + 0.001 * np.eye(count))
        ranks = [0.5 * (1 + math.erf(value / math.sqrt(2))) for value in factor @ normal]
        quantiles = [item["quantiles"][group] for item in self.covariates]
        return [np.interp(rank, np.linspace(0, 1, len(row)), row) for rank, row in zip(ranks, quantiles, strict=True)]


def philox(seed: int, index: int, counter: Sequence[int] = (0, 0, 0, 0)) -> np.random.Generator:
    """Philox-4x64-10 with the key (seed, index): the rule of `keras_stylegan.latent.latents`."""
    words = np.array([seed, index], np.uint64)
    return np.random.Generator(np.random.Philox(key=words, counter=np.array(counter, np.uint64)))


def given_values(texts: Sequence[str]) -> dict[str, float]:
    """Covariates that a command line gives as NAME=VALUE.

    Raises:
        InputError: Not of this form, or one twice.
    """
    values: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        require(equals and name not in values, "--covariate", "NAME=VALUE with a number, each name once", text)
        try:
            values[name] = float(value)
        except ValueError:
            raise InputError(f"--covariate must be NAME=VALUE with a number. Received: {text!r}") from None
    return values
