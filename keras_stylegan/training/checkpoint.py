"""Checkpoints: the whole state of a run in one file, written so that a kill at any moment loses nothing.

A checkpoint holds every variable of `state` and a `Record` (see `npz` for the file). Whatever is wrong with one, it is
passed over for the one before.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.training import npz
from keras_stylegan.training.record import Record
from keras_stylegan.training.run_folder import CHECKPOINT
from keras_stylegan.training.state import state, values
from keras_stylegan.typed_json import from_json, to_json

NETWORKS = ("generator", "generator_ema", "discriminator")
"""Groups of names whose numbers must be finite; a running mean need not be."""


def save(path: Path, arrays: dict[str, np.ndarray], record: Record) -> None:
    """Write a checkpoint: after a kill there is either the whole file or none.

    Raises:
        InputError: The disk is full or the folder cannot be written; a file of that name is untouched.
    """
    try:
        npz.write(path, arrays, to_json(record))
    except InputError as error:
        raise InputError(f"{error} Earlier checkpoints are kept: continue with --resume.") from error


def load(path: Path, groups: tuple[str, ...] = ()) -> tuple[dict[str, np.ndarray], Record]:
    """Read (arrays, record).

    Args:
        path: File of `save`.
        groups: First parts of the names to read; all by default.

    Raises:
        InputError: The file is truncated or damaged, or holds numbers that no run can go on with.
    """
    try:
        arrays, text = npz.read(path, lambda name: not groups or name.split("/")[0] in groups)
        for name, array in arrays.items():
            _check_numbers(name, array)
    except ValueError as error:
        raise InputError(f"checkpoint {path} is damaged ({error})") from error
    return arrays, from_json(Record, text, f"the record of checkpoint {path}")


def _check_numbers(name: str, array: np.ndarray) -> None:
    if array.dtype.kind == "i" and array.size and array.min() < 0:
        raise ValueError(f"{name} is negative: {array.min()}")
    if name.split("/")[0] in NETWORKS and not np.isfinite(array).all():
        raise ValueError(f"{name} holds numbers that are not finite")


class CheckpointFolder:
    """The checkpoints of one run, named by the images seen.

    Args:
        folder: Created if missing.
        budget_bytes: Size that all checkpoints together may have; the newest two are kept whatever it is.
    """

    PATTERN = CHECKPOINT

    def __init__(self, folder: Path, budget_bytes: float = float("inf")) -> None:
        self.folder = folder
        self.budget_bytes = budget_bytes

    def paths(self) -> list[Path]:
        """All checkpoints, oldest first.

        Raises:
            InputError: The folder is none, or may not be read.
        """
        try:
            found = [path for path in self.folder.iterdir() if self.PATTERN.fullmatch(path.name) and path.is_file()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(f"cannot read {self.folder}: {error.strerror}") from error
        return sorted(found)

    def save(self, model: Any, record: Record) -> Path:
        """Save the state of a model, then delete what is over the budget."""
        path = self.folder / f"checkpoint_{model.images_seen:010d}.npz"
        save(path, values(state(model)), dataclasses.replace(record, images_seen=model.images_seen))
        self._delete_oldest()
        return path

    def _delete_oldest(self) -> None:
        paths = self.paths()
        sizes = {path: path.stat().st_size for path in paths}
        for path in paths[:-2]:
            if sum(sizes.values()) <= self.budget_bytes:
                break
            path.unlink()
            del sizes[path]

    def load_newest(
        self, groups: tuple[str, ...] = (), warn: Callable[[str], None] = print
    ) -> tuple[Path, dict[str, np.ndarray], Record]:
        """The newest checkpoint that can be read: (path, arrays, record).

        Args:
            groups: See `load`.
            warn: Called with a line for each damaged checkpoint that is passed over.

        Raises:
            InputError: There is none.
        """
        paths = self.paths()
        for path in reversed(paths):
            try:
                return path, *load(path, groups)
            except InputError as error:
                warn(f"{error}; falling back to the previous one")
        state = "every checkpoint is damaged" if paths else "there is no checkpoint"
        raise InputError(f"{self.folder}: {state}; start a new run with another --run-dir")
