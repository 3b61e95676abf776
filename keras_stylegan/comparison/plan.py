"""What a comparison is going to do: told before it starts, and kept so that only the same command goes on with it."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_stylegan.atomic import replace_file
from keras_stylegan.comparison.contender import Contender
from keras_stylegan.comparison.options import CompareOptions
from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.typed_json import read_json, to_json

FREE = ("output_dir", "dry_run")
"""Options that another start may change."""


@dataclass(frozen=True)
class Plan:
    """The file plan.json of a comparison. It names where the images are: it is not meant to be shared."""

    options: CompareOptions
    contenders: dict[str, Config]
    """Name to resolved options."""
    images: tuple[str, ...]
    """Fingerprints of the training and the held-out images, one text for each seed."""

    def in_words(self, folder: Path) -> str:
        """What is going to happen, and what it costs."""
        options = self.options
        runs = len(self.contenders) * options.seeds
        sittings = runs * options.slices
        length = f"{options.minutes:g} minutes" if options.kimg is None else f"{options.kimg:g} kimg"
        if options.kimg is None:
            total = f"{duration(60 * options.minutes * runs)} of training"
        else:
            total = f"{options.kimg * runs:g} kimg of training (the first round tells how long that takes)"
        return (
            f"{plural(len(self.contenders), 'experiment')} ({', '.join(self.contenders)}) with "
            f"{plural(options.seeds, 'seed')} each: {plural(runs, 'run')} of {length}, in turns of "
            f"{plural(options.slices, 'slice')} each.\n"
            f"In all {total}, {plural(sittings, 'start-up')} (half a minute or more each, and the first step compiles) "
            f"and {plural(runs, 'evaluation')} (minutes each).\n"
            f"Runs and results: {folder}. Interrupted, the same command goes on."
        )


def store(path: Path, plan: Plan) -> None:
    """Write plan.json, or check that it is the same.

    Raises:
        InputError: The folder holds another comparison, or plan.json is damaged.
    """
    if not path.exists():
        replace_file(path, (to_json(plan) + "\n").encode())
        return
    old = _flat(read_json(Plan, path))
    new = _flat(plan)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if changed:
        name = changed[0]
        what = "other images" if name.startswith("images") else f"{name} = {old.get(name)} and not {new.get(name)}"
        raise InputError(
            f"{path.parent} holds a comparison with {what}; repeat its command to go on with it, or choose another "
            "--output-dir"
        )


def _flat(plan: Plan) -> dict[str, Any]:
    """Every value by the name that a user knows it by."""
    found = {
        field.name: getattr(plan.options, field.name)
        for field in dataclasses.fields(plan.options)
        if field.name not in FREE
    }
    found["experiments"] = ", ".join(plan.contenders)
    for name, config in plan.contenders.items():
        for section in dataclasses.fields(config):
            options = getattr(config, section.name)
            for field in dataclasses.fields(options):
                value = getattr(options, field.name)
                found[f"{name}: {section.name}.{field.name}"] = str(value) if isinstance(value, Path) else value
    return found | {f"images {number}": text for number, text in enumerate(plan.images)}


def plural(count: int, word: str) -> str:
    """'1 seed', '3 seeds'."""
    return f"{count} {word}{'s' * (count != 1)}"


def duration(seconds: float) -> str:
    """'18 minutes', or '2:06 hours'."""
    minutes = math.ceil(seconds / 60)
    return plural(minutes, "minute") if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} hours"


def make_plan(contenders: Sequence[Contender], options: CompareOptions, images: Sequence[str]) -> Plan:
    """The plan of contenders with unlike names."""
    return Plan(options, {contender.name: contender.config for contender in contenders}, tuple(images))
