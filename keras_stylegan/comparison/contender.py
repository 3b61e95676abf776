"""What is compared: the experiments, and their runs with several seeds."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.training.run_folder import RunFolder

QUICK_COUNT = 1000
"""Images of a quick evaluation, the same for all."""


@dataclass(frozen=True)
class Contender:
    """An experiment with its options."""

    name: str
    """That of its file, unlike all others of the comparison."""
    config: Config


@dataclass(frozen=True)
class Run:
    """A contender with one seed."""

    contender: str
    config: Config
    """With the seed, the length, and what all runs of a comparison write at the same moments."""
    path: Path
    """Its run folder, an ordinary one."""

    @property
    def name(self) -> str:
        """As people and files call it."""
        return self.path.name

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return self.config.training.seed

    @property
    def folder(self) -> RunFolder:
        """The files in the run folder."""
        return RunFolder(self.path)


def make_contenders(experiments: Sequence[str], configs: Sequence[Config]) -> list[Contender]:
    """The contenders of a command line.

    Args:
        experiments: As the user named them: a name or the path of a file.
        configs: Their options.

    Raises:
        InputError: There is none, or two are the same.
    """
    if not experiments:
        raise InputError("name the experiments to compare: compare EXPERIMENT EXPERIMENT --minutes M")
    found: list[Contender] = []
    for experiment, config in zip(experiments, configs, strict=True):
        stem, number = Path(experiment).stem, 2
        for first, other in zip(experiments, found, strict=False):
            if config == other.config:
                raise InputError(f"every experiment once, please: {experiment} has the same options as {first}")
        name = stem
        while name in {contender.name for contender in found}:
            name, number = f"{stem}-{number}", number + 1
        found.append(Contender(name, config))
    return found


def make_runs(contenders: Sequence[Contender], options: CompareOptions, folder: Path) -> list[Run]:
    """All runs: the first seed of every contender, then the second.

    Args:
        contenders: What is compared.
        options: `seeds`, `kimg` and `count` are used.
        folder: Of the comparison; runs lie in `runs/`.

    Raises:
        InputError: An experiment cannot have this length.
    """
    return [
        Run(
            contender.name,
            _config(contender, number, options),
            folder / "runs" / f"{contender.name}_seed{contender.config.training.seed + number}",
        )
        for number in range(options.seeds)
        for contender in contenders
    ]


def _config(contender: Contender, number: int, options: CompareOptions) -> Config:
    training = contender.config.training
    training = dataclasses.replace(
        training,
        seed=training.seed + number,
        total_kimg=training.total_kimg if options.kimg is None else options.kimg,
        # A slice ends with an evaluation, at the same time for all.
        evaluate_kimg=None,
        evaluate_count=min(QUICK_COUNT, options.count),
        # The newest two are enough to go on.
        checkpoint_gb=0.0,
    )
    try:
        return dataclasses.replace(contender.config, training=training)
    except InputError as error:
        raise InputError(f"{contender.name}: {error}") from error
