"""What may change between the parts of a run that was interrupted, and what is said of it."""

import dataclasses
from pathlib import Path
from typing import Any

from keras_stylegan.config import Config
from keras_stylegan.errors import InputError
from keras_stylegan.training.record import Record

FIXED = (
    "model",
    "growing",
    "training.batch_size",
    "training.seed",
    "training.precision",
    "training.freeze_d",
    "augment.horizontal_flip",
)
"""Sections and options that decide the networks or what the next batch is: another value is another run."""
SAID = (
    "loss",
    "optimizer",
    "schedule",
    "augment.real_elastic",
    "augment.real_bias_field",
    "augment.clip_leak",
    "augment.operations",
    "augment.strength",
    "augment.ada_target",
    "augment.ada_kimg",
    "training.discriminator_steps",
    "training.style_mixing_prob",
    "training.ema_kimg",
    "training.ema_rampup",
)
"""Those that decide what the next step does with the batch: they may change on purpose, and that is said."""
LENGTH = ("training.epochs", "training.total_kimg")
"""Said too where the learning rate depends on the length of the run."""


def compare(saved: Record, now: Record, where: Path) -> list[str]:
    """Lines that say what changes from here on; none where all that matters is as it was.

    The data may have moved: what counts are its images, by their fingerprint. All other options are about speed, or
    about what is written when.

    Args:
        saved: Of the checkpoint that training goes on from.
        now: Of the run as it is wanted.
        where: The checkpoint.

    Raises:
        InputError: It belongs to other networks, other data or another order of the data.
    """
    old, new = _options(saved.config), _options(now.config)
    for name in _chosen(FIXED, new):
        if old[name] != new[name]:
            raise InputError(
                f"{where} was trained with {name} = {old[name]!r} and cannot continue with {new[name]!r}; "
                "use the same value or start a new run with another --run-dir"
            )
    was, wanted = ("with" if options["schedule.beta_2"] else "without" for options in (old, new))
    if was != wanted:
        # Its optimizers have variables of their own.
        raise InputError(
            f"{where} was trained {was} schedule.beta_2 and cannot continue {wanted} it; "
            "leave it so or start a new run with another --run-dir"
        )
    for key, what in (("classes", "classes"), ("data_fingerprint", "images")):
        if getattr(saved, key) != getattr(now, key):
            raise InputError(
                f"{where} was trained on other {what} ({getattr(saved, key)}) than --data.path has now "
                f"({getattr(now, key)}); use the same data or start a new run with another --run-dir"
            )
    said = SAID + LENGTH if now.config.optimizer.schedule == "cosine" else SAID
    changed = [name for name in _chosen(said, new) if old[name] != new[name]]
    return ["From here on " + ", ".join(f"{name} is {new[name]} (was {old[name]})" for name in changed) + "."] * bool(
        changed
    )


def _options(config: Config) -> dict[str, Any]:
    """Every option by `section.name`."""
    return {
        f"{section.name}.{field.name}": getattr(getattr(config, section.name), field.name)
        for section in dataclasses.fields(config)
        for field in dataclasses.fields(getattr(config, section.name))
    }


def _chosen(names: tuple[str, ...], options: dict[str, Any]) -> list[str]:
    """The options that are named, or whose section is."""
    return [name for name in options if name in names or name.split(".")[0] in names]
