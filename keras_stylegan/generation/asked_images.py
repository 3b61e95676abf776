"""The images that `generate` is asked for: number by number, their latents, classes and covariates."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_stylegan.config.checks import require
from keras_stylegan.errors import InputError
from keras_stylegan.latent.covariates import asked_values, draw_covariates, label_array
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.training.trained import TrainedGenerator


class AskedImages:
    """The images of a seed, one after the other: number n is latent n // K of class n mod K.

    Args:
        trained: The run.
        seed: Of the latents, and of the covariates that are not given.
        label: Class by its name; None for all classes in turn.
        covariate: Given covariates, 'name=value'; the others are drawn as the training images of the class have them,
            by the rule of `latent.covariates`.

    Attributes:
        classes: Indices of the classes that take turns; (None,) for a run without classes.
        given: The given covariates by name.

    Raises:
        InputError: A class or covariate that the run does not have, or a value outside its range.
    """

    def __init__(self, trained: TrainedGenerator, seed: int, label: str | None, covariate: Sequence[str] = ()) -> None:
        self.trained, self.seed = trained, seed
        self.classes = _chosen_classes(trained, label)
        self.given = asked_values(covariate, trained.covariates)

    def indices(self, numbers: range) -> list[int]:
        """Numbers of the latents."""
        return [number // len(self.classes) for number in numbers]

    def class_of(self, number: int) -> int | None:
        """Index of an image's class; None for a run without classes."""
        return self.classes[number % len(self.classes)]

    def class_name(self, number: int) -> str | None:
        """Name of an image's class."""
        index = self.class_of(number)
        return None if index is None else self.trained.classes[index]

    def name(self, number: int) -> str:
        """`[<class>_]seed<seed>_<index>`."""
        label = self.class_name(number)
        prefix = "" if label is None else f"{label}_"
        return f"{prefix}seed{self.seed}_{number // len(self.classes):05d}"

    def covariates(self, numbers: range) -> dict[str, np.ndarray]:
        """Columns (N,) by the names of the run's covariates."""
        groups = [self.class_of(number) or 0 for number in numbers]
        drawn = draw_covariates(self.trained.covariates, self.seed, self.indices(numbers), groups)
        columns = {item.name: drawn[:, place] for place, item in enumerate(self.trained.covariates)}
        return columns | {name: np.full(len(numbers), value, np.float32) for name, value in self.given.items()}

    def inputs(self, numbers: range, **others: np.ndarray) -> tuple[Any, Any]:
        """z (N, z_dim) and the labels (N, c_dim + K) or None.

        Args:
            numbers: Of the images.
            **others: Covariates (N,) in place of theirs.
        """
        generator = self.trained.generator
        z = draw_latents(self.seed, self.indices(numbers), generator.z_dim)
        classes = np.array([self.class_of(number) or 0 for number in numbers])
        return z, label_array(generator, classes, self.covariates(numbers) | others)


def _chosen_classes(trained: TrainedGenerator, label: str | None) -> tuple[int | None, ...]:
    if not trained.generator.c_dim:
        if label is not None:
            raise InputError(
                f"{trained.run_dir} was trained without classes (model.conditional): leave out the label. "
                f"Received: {label!r}"
            )
        return (None,)
    if label is None:
        return tuple(range(len(trained.classes)))
    require(label in trained.classes, "label", f"one of {list(trained.classes)}", label)
    return (trained.classes.index(label),)
