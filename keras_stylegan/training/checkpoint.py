"""Checkpoints: the whole state of a run in one file, written so that a kill at any moment loses nothing.

A checkpoint is an uncompressed .npz of every variable (three networks, optimizer slots, draws, counters, running
means) plus a JSON record. It is written to a temporary name, synced and renamed; every member carries a CRC-32, which
reading checks.
"""

import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.training.state import state, values

RECORD = "record.json"


def save(path: Path, arrays: dict[str, np.ndarray], record: dict[str, Any]) -> None:
    """Write arrays and a JSON record atomically: after a kill there is either the whole file or none.

    Raises:
        InputError: The disk is full or the folder cannot be written; a file of that name is untouched.
    """
    temporary = path.with_suffix(".tmp")
    try:
        with open(temporary, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr(RECORD, json.dumps(record))
                for name, array in arrays.items():
                    with archive.open(name + ".npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(
            f"cannot save {path}: {error.strerror or error}; earlier checkpoints are kept, "
            "make room and continue with --resume"
        ) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load(path: Path, groups: tuple[str, ...] = ()) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read (arrays, record).

    Args:
        path: File of `save`.
        groups: First parts of the names to read; all by default.

    Raises:
        InputError: The file is truncated or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            record = json.loads(archive.read(RECORD))
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            arrays = {}
            for name in names:
                if groups and name.split("/")[0] not in groups:
                    continue
                with archive.open(name) as member:
                    arrays[name.removesuffix(".npy")] = np.lib.format.read_array(member, allow_pickle=False)
                    # The CRC is checked at the end of a member only.
                    if member.read(1):
                        raise ValueError(f"{name} is longer than its header says")
        return arrays, record
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError) as error:
        raise InputError(f"checkpoint {path} is damaged ({error})") from error


class CheckpointFolder:
    """The checkpoints of one run, named by the images seen.

    Args:
        folder: Created if missing.
        budget_bytes: Size that all checkpoints together may have; the newest two are kept whatever it is.
    """

    PATTERN = re.compile(r"checkpoint_(\d{10})\.npz")

    def __init__(self, folder: Path, budget_bytes: float = float("inf")) -> None:
        self.folder = folder
        self.budget_bytes = budget_bytes

    def paths(self) -> list[Path]:
        """All checkpoints, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if self.PATTERN.fullmatch(path.name))

    def save(self, model: Any, record: dict[str, Any]) -> Path:
        """Save the state of a model, then delete what is over the budget."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"checkpoint_{model.images_seen:010d}.npz"
        arrays = values(state(model))
        step = int(keras.ops.convert_to_numpy(model.step))
        save(path, arrays, record | {"images_seen": model.images_seen, "step": step})
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
        self, groups: tuple[str, ...] = (), warn: Any = print
    ) -> tuple[Path, dict[str, np.ndarray], dict[str, Any]]:
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
