"""log.csv: one row of numbers per interval, read by the run that continues it and by the plot."""

import csv
import math
from pathlib import Path

from keras_stylegan.errors import InputError

FIRST = ("kimg", "epoch")
"""Columns that every log begins with; the others are metrics."""


def read_log(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The columns, and the rows as column to cell; a row without its end, left by a kill, is passed over.

    Args:
        path: The file; a missing or empty one has no columns.

    Raises:
        InputError: It is no such file. Every cell is a number or empty, and `kimg` is a finite number.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lines = [line for line in file if line.endswith("\n")]
        columns, *rows = list(csv.reader(lines, strict=True)) or [[]]
    except FileNotFoundError:
        return [], []
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: move it away. Received: {error}") from error
    if columns and (tuple(columns[:2]) != FIRST or len(set(columns)) < len(columns)):
        raise InputError(f"{path} is no log of a run: move it away. Received: columns {','.join(columns)[:80]!r}")
    for row in rows:
        if len(row) != len(columns) or not all(map(_is_number, row)) or not math.isfinite(float(row[0] or "nan")):
            raise InputError(f"{path} is damaged: move it away. Received: row {','.join(row)[:80]!r}")
    return columns, [dict(zip(columns, row, strict=True)) for row in rows]


def images_of(row: dict[str, str]) -> int:
    """Images seen at the end of the interval of a row."""
    return round(1000 * float(row["kimg"]))


def _is_number(cell: str) -> bool:
    if not cell:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True
