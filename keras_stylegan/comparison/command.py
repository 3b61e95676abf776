"""The command `compare`: its options, and how they are read for every experiment."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import tyro

from keras_stylegan.arguments import parse_command, peek
from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.config import Config
from keras_stylegan.experiments import load_experiment

_Inline = tyro.conf.arg(name="")


@dataclass(frozen=True)
class Compare:
    """Train experiments side by side for the same time or images, and say which is best on held-out subjects.

    It takes EXPERIMENTS x SEEDS x MINUTES of training on one machine, a start-up for each of the SLICES of every run
    (half a minute or more) and minutes of evaluation for every run. Interrupted, the same command goes on.
    """

    experiments: tyro.conf.Positional[tuple[str, ...]] = ()
    """Files of experiments/ by their names, or the paths of files of your own."""
    options: Annotated[CompareOptions, _Inline] = field(default_factory=CompareOptions)
    """How long, how often, and what decides."""
    config: Annotated[Config, _Inline] = field(default_factory=Config)
    """Options for all experiments, in place of their own."""
    configs: Annotated[tuple[Config, ...], tyro.conf.Suppress] = ()

    def run(self) -> int:
        """Run the command; returns the exit code."""
        from keras_stylegan.comparison.compare import compare

        return compare(self.experiments, self.configs, self.options)


def parse(arguments: Sequence[str], prog: str) -> Compare:
    """The command of a command line: every experiment with its own options, but for those that are given.

    Args:
        arguments: What follows the command's name.
        prog: How the command is called.

    Raises:
        InputError: See `parse_command` and `load_experiment`.
    """
    experiments = peek(Compare, arguments).experiments
    configs = [load_experiment(name) for name in experiments]
    parsed = [
        parse_command(Compare, Compare(experiments, config=config), arguments, prog) for config in configs or [Config()]
    ]
    return dataclasses.replace(parsed[0], configs=tuple(command.config for command in parsed[: len(configs)]))
