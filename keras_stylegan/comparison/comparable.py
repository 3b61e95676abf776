"""Whether experiments can be compared: metrics of other images, or of images of another size, cannot."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from keras_stylegan.comparison.contender import Contender
from keras_stylegan.config import Config
from keras_stylegan.data.sources import load_images, source_of
from keras_stylegan.errors import InputError
from keras_stylegan.sizes import in_words


def require_comparable(contenders: Sequence[Contender]) -> None:
    """Check what needs no image to be read.

    Raises:
        InputError: Resolutions, channels or the numbers of phantoms differ, or there are no held-out subjects.
    """
    first = contenders[0]
    for other in contenders[1:]:
        for name in ("resolution", "channels"):
            values = [getattr(contender.config.model, name) for contender in (first, other)]
            if values[0] != values[1]:
                shown = [in_words(value) if name == "resolution" else value for value in values]
                raise InputError(
                    f"metrics cannot be compared: model.{name} is {shown[0]} in {first.name} and {shown[1]} in "
                    f"{other.name}; give --model.{name} for all"
                )
        if _drawn(first.config) != _drawn(other.config):
            raise InputError(_difference(first, other))
    for contender in contenders:
        if not source_of(contender.config).has_test:
            raise InputError(
                f"{contender.name}: the data has no held-out subjects to compare on. Put the images of some subjects "
                f"into test/, or give --data.hold-out 0.2. Received: data.path {str(contender.config.data.path)!r}"
            )


def _drawn(config: Config) -> tuple | None:
    """What decides which images a source draws; None for one that reads files, where only the files tell."""
    if source_of(config).reads_path:
        return None
    return config.data.source, config.data.phantom_count, config.training.seed


def fingerprints(contenders: Sequence[Contender], seeds: int, progress: bool = False) -> list[str]:
    """Name the images of every seed, read and cached by this; they are the same for all seeds but for phantoms.

    Args:
        contenders: What is compared.
        seeds: Seeds of every contender.
        progress: Show progress bars.

    Returns:
        A text for every seed.

    Raises:
        InputError: Images cannot be read, the contenders have different ones, or no held-out subject is left.
    """
    found: dict[tuple, str] = {}

    def name(config: Config) -> str:
        key = (dataclasses.astuple(config.data), _drawn(config))
        if key not in found:
            train, heldout = (load_images(config, split, progress) for split in ("train", "test"))
            if np.isin(heldout.subjects, train.subjects).all():
                raise InputError("every held-out subject stands in the training images too: put others into test/")
            found[key] = f"{train.fingerprint} {heldout.fingerprint}"
        return found[key]

    names = [[name(_with_seed(contender.config, number)) for contender in contenders] for number in range(seeds)]
    for of_seed in names:
        for contender, other in zip(contenders, of_seed, strict=True):
            if other != of_seed[0]:
                raise InputError(_difference(contenders[0], contender))
    return [of_seed[0] for of_seed in names]


def _with_seed(config: Config, number: int) -> Config:
    seed = config.training.seed + number
    return dataclasses.replace(config, training=dataclasses.replace(config.training, seed=seed))


def _difference(first: Contender, other: Contender) -> str:
    """Why two contenders have different images."""
    pairs = [
        (f"data.{field.name}", *(getattr(contender.config.data, field.name) for contender in (first, other)))
        for field in dataclasses.fields(first.config.data)
    ]
    pairs.append(("training.seed", first.config.training.seed, other.config.training.seed))
    name, here, there = next(pair for pair in pairs if pair[1] != pair[2])
    return (
        f"metrics cannot be compared: {first.name} and {other.name} have different images, as {name} is {str(here)!r} "
        f"and {str(there)!r}; give --{name.replace('_', '-')} for all"
    )
