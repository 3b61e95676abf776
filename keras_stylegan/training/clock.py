"""clock.csv: how long a run has trained, apart from everything else that took time. Only compared runs have one."""

import csv
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_stylegan.atomic import replace_file
from keras_stylegan.errors import InputError


class Moment(NamedTuple):
    """A row of clock.csv, whose columns are `kimg`, `training_seconds` and `other_seconds`."""

    images: int
    """Real images seen."""
    training: float
    """Seconds of training up to here: steps with their data and the log, all sittings together."""
    other: float
    """All other seconds of the processes: start-up, compilation, evaluations, samples, checkpoints."""


HEADER = ["kimg", "training_seconds", "other_seconds"]


def read_clock(path: Path) -> list[Moment]:
    """The rows of clock.csv, in the order of their images; none if there is no file yet.

    Raises:
        InputError: It cannot be read, or is no such table.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file)) or [HEADER]
        if header != HEADER:
            raise ValueError(f"columns {','.join(header)[:80]}")
        moments = [
            Moment(round(1000 * kimg), training, other) for kimg, training, other in (map(float, r) for r in rows)
        ]
        values = np.array([(0, 0.0, 0.0), *moments])
        if not np.isfinite(values).all() or (np.diff(values, axis=0) < 0).any():
            raise ValueError("numbers that fall, or are not finite")
    except FileNotFoundError:
        return []
    except (OSError, ValueError, OverflowError, csv.Error) as error:
        raise InputError(f"{path} is damaged: move it away. Received: {error}") from error
    return moments


def write_clock(path: Path, moments: list[Moment]) -> None:
    """Write clock.csv as a whole.

    Raises:
        InputError: The disk is full or the folder cannot be written.
    """
    lines = [",".join(HEADER), *(f"{m.images / 1000!r},{m.training!r},{m.other!r}" for m in moments)]
    replace_file(path, ("\n".join(lines) + "\n").encode())


def at(moments: list[Moment], images: float) -> Moment:
    """The clock when so many images had been seen: between two rows by the speed there, after the last one its values.

    Args:
        moments: Rows in the order of their images.
        images: At least 0.
    """
    seen, training, other = zip(Moment(0, 0.0, 0.0), *moments, strict=True)
    return Moment(math.floor(images), float(np.interp(images, seen, training)), float(np.interp(images, seen, other)))
