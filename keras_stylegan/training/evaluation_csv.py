"""evaluation.csv: what the quick evaluations of a run measured."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from keras_stylegan.atomic import replace_file
from keras_stylegan.errors import InputError
from keras_stylegan.metrics.catalogue import METRICS
from keras_stylegan.metrics.metric import Key

EXTRACTOR = "random"
QUICK = tuple(
    Key(name, EXTRACTOR if metric.on == "features" else "") for name, metric in METRICS.items() if metric.quick
)
TRAINING = Key("frechet", EXTRACTOR, "training")
"""The Fréchet distance to training images instead of held-out ones."""
COLUMNS = (*QUICK, TRAINING)
"""After `kimg`."""
HEADER = ["kimg", *map(str, COLUMNS)]


class Row(NamedTuple):
    """One evaluation."""

    kimg: float
    values: dict[Key, float]


def read_evaluations(path: Path) -> list[Row]:
    """The rows, oldest first, NaN where a file is older than a column; none where there is no file.

    Raises:
        InputError: It is damaged or cannot be read.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
        if header[:1] != HEADER[:1] or not set(header) <= set(HEADER):
            raise ValueError(f"columns {header}")
        unknown = dict.fromkeys(HEADER, math.nan)
        numbers = [unknown | dict(zip(header, map(float, row), strict=True)) for row in rows]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): move it away") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text: move it away") from error
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path} is damaged: move it away. Received: {error}") from error
    return [Row(row["kimg"], {key: row[str(key)] for key in COLUMNS}) for row in numbers]


def write_evaluations(path: Path, rows: Sequence[Row]) -> None:
    """Write the whole file.

    Raises:
        InputError: It cannot be written, or the disk is full.
    """
    lines = [",".join(HEADER)]
    lines += [",".join(map(repr, (row.kimg, *(row.values[key] for key in COLUMNS)))) for row in rows]
    replace_file(path, ("\n".join(lines) + "\n").encode())
