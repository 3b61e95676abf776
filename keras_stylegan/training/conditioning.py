"""The covariates that networks are conditioned on, checked against the images that have to have them."""

from collections.abc import Iterable, Sequence

import numpy as np

from keras_stylegan.config import Config, ModelConfig
from keras_stylegan.data.image_set import ImageSet, label_record
from keras_stylegan.data.sources import source_of
from keras_stylegan.errors import InputError
from keras_stylegan.latent.covariates import Covariate, covariates_of, draw_covariates

WHERE = "they come from groups of data.subject_pattern, columns of data.table, or a dataset of `prepare SCANS --out`"


def training_covariates(model: ModelConfig, data: ImageSet) -> tuple[Covariate, ...]:
    """What the training images have of the covariates that `model.covariates` names.

    Raises:
        InputError: The images have no such covariate, some of them have no number for it, or all have the same.
    """
    _require_known(model.covariates, data.labels.dtype.names[1:])
    for name in model.covariates:
        values = data.labels[name]
        unknown = np.flatnonzero(~np.isfinite(values))
        if len(unknown):
            raise InputError(
                f"model.covariates: {len(unknown)} of {len(data)} training images have no number for {name!r}, e.g. "
                f"{data.names[unknown[0]]}: complete their names or the table, or leave the covariate out"
            )
        if values.min() == values.max():
            raise InputError(
                f"model.covariates: {name!r} is {values[0]:g} for all {len(data)} training images, so nothing can be "
                "learned of it: leave it out"
            )
    groups = len(data.classes) if model.conditional else 1
    return covariates_of(data.labels, model.covariates, groups)


def check_covariates(config: Config) -> None:
    """Check that the source of a training has the covariates that `model.covariates` names; no image is read.

    Raises:
        InputError: It has not.
    """
    if config.model.covariates:
        _require_known(config.model.covariates, source_of(config).covariates)


def _require_known(names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            there = f"there are {', '.join(known)}" if known else f"there are none; {WHERE}"
            raise InputError(f"model.covariates: the images have no covariate {name!r}; {there}. Received: {name!r}")


def labelled(labels: np.ndarray, covariates: Sequence[Covariate], what: str) -> tuple[np.ndarray, list[str]]:
    """Labels that generated images can take over, and what is to be said of the others.

    Args:
        labels: (N,) records of images that are compared with.
        covariates: Of the run.
        what: Those images in words: "held-out images".

    Returns:
        The records with a number for every covariate, and lines about those that have none or lie outside the range of
        the training images: these are taken as they are.

    Raises:
        InputError: They lack a covariate, or none has a number for all.
    """
    missing = [item.name for item in covariates if item.name not in labels.dtype.names]
    if missing:
        there = ", ".join(labels.dtype.names[1:]) or "none"
        raise InputError(
            f"the run is conditioned on {missing[0]!r}, which the {what} do not have (they have: {there}): give them "
            "the names or the table of the training images"
        )
    known = np.all([np.isfinite(labels[item.name]) for item in covariates], axis=0) if covariates else slice(None)
    kept, lines = labels[known], []
    if not len(kept):
        raise InputError(f"none of the {len(labels)} {what} has a number for every covariate of the run")
    if len(kept) < len(labels):
        lines.append(
            f"{len(labels) - len(kept)} of the {what} have no number for a covariate: their labels are not drawn"
        )
    for item in covariates:
        values = kept[item.name]
        outside = int(((values < item.minimum) | (values > item.maximum)).sum())
        if outside:
            lines.append(
                f"{outside} of the {what} have a {item.name} outside the range of training, {item.minimum:g} to "
                f"{item.maximum:g}: the generator extrapolates there"
            )
    return kept, lines


def own_labels(covariates: Sequence[Covariate], seed: int, indices: Iterable[int], classes: np.ndarray) -> np.ndarray:
    """Records (N,) with the given classes, whose covariates are drawn as the training images have them.

    Args:
        covariates: Of the run.
        seed: Seed of the images.
        indices: Their numbers, N.
        classes: (N,) integers.
    """
    told_apart = any(len(item.quantiles) > 1 for item in covariates)
    values = draw_covariates(covariates, seed, indices, classes.tolist() if told_apart else [0] * len(classes))
    return label_record(classes, **{item.name: values[:, place] for place, item in enumerate(covariates)})
