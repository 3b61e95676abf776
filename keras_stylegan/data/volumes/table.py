"""The table of a source: a CSV `path,subject,label[,session,age,...]`, or participants.tsv of a BIDS tree."""

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

from keras_stylegan.config.checks import is_class_name
from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.scan import SINGLE_CLASS, Scan
from keras_stylegan.errors import InputError

RESERVED = {"class", "slice_position_mm", "slice_share"}
"""Names that a covariate cannot have."""
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
MISSING = {"", "n/a", "na", "nan", "none", "null"}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Table:
    """Rows of text by column, (line, reason) of those that were refused, and the line that each row ends in."""

    name: str
    columns: tuple[str, ...]
    rows: list[dict[str, str]]
    refused: list[tuple[str, str]]
    lines: list[int]

    def require(self, *columns: str) -> None:
        """Raise an `InputError` for a column that the table lacks."""
        for column in columns:
            if column not in self.columns:
                raise InputError(
                    f"{self.name} has no column {column!r}; its columns are {', '.join(self.columns)[:300]}"
                    f"{self._separated()}."
                )

    def _separated(self) -> str:
        """What is said of a header in one piece."""
        own = "\t" if self.name.endswith(".tsv") else ","
        others = [other for other in SEPARATORS if other != own and other in self.columns[0]]
        if len(self.columns) > 1 or not others:
            return ""
        return f"; it looks separated by {SEPARATORS[others[0]]}, expected {SEPARATORS[own]}"

    def require_covariates(self, covariates: tuple[str, ...]) -> None:
        """Raise an `InputError` for a covariate that is no column, has no number at all, or a name that is taken."""
        self.require(*covariates)
        for name in covariates:
            if name in RESERVED or not name.isidentifier():
                raise InputError(
                    f"{self.name}: a covariate cannot be called {name!r}: use letters, digits and _, and none of "
                    f"{', '.join(sorted(RESERVED))}."
                )
            if all(math.isnan(number(row[name])) for row in self.rows):
                raise InputError(
                    f"{self.name}: the column {name!r} holds no numbers, so it is no covariate; name those that are "
                    "with --covariates."
                )


def read_table(path: Path) -> Table:
    """Reads a CSV (.csv) or tab-separated (.tsv) file with a header.

    Raises:
        InputError: It is missing, no text or empty. A row of another length than its header is refused by itself.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} cannot be read: it is no UTF-8 text.") from error
    if "\0" in text:
        raise InputError(f"{path.name} cannot be read: it is no text.")
    reader = csv.reader(text.splitlines(), delimiter="\t" if path.suffix == ".tsv" else ",", strict=True)
    try:
        # Counted by the reader, as a quoted cell may hold line breaks.
        lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader if any(map(str.strip, line))]
    except csv.Error as error:
        raise InputError(f"{path.name} cannot be read: {error}.") from error
    if len(lines) < 2:
        raise InputError(f"{path.name} has no rows.")
    (_, header), *others = lines
    if len(set(header)) < len(header) or "" in header:
        raise InputError(f"{path.name}: every column needs a name of its own.")
    rows = [dict(zip(header, row, strict=True)) for _, row in others if len(row) == len(header)]
    whole = [line for line, row in others if len(row) == len(header)]
    refused = [
        (f"{path.name} line {line}", f"it has {len(row)} cells and the header {len(header)}")
        for line, row in others
        if len(row) != len(header)
    ]
    if not rows:
        raise InputError(f"{path.name}: no row has as many cells as the header, {len(header)}.")
    return Table(path.name, tuple(header), rows, refused, whole)


def scan_of_row(
    table: Table, row: dict[str, str], subject: str, label: str | None, covariates: tuple[str, ...]
) -> Scan:
    """What a row of a table tells of its scans, which have no names and files yet.

    Raises:
        RefusedError: It names no subject or no class, or a class that cannot be one.
    """
    if missing(subject):
        raise RefusedError(f"{table.name} names no subject of it")
    if label and missing(row[label]):
        raise RefusedError(f"{table.name} gives it no {label}")
    if label and not is_class_name(row[label]):
        raise RefusedError(
            f"{table.name} gives it a {label} that cannot begin the name of a file: {row[label][:100]!r}"
        )
    numbers = {name: number(row[name]) for name in covariates}
    return Scan("", (), subject, label=row[label] if label else SINGLE_CLASS, covariates=numbers)


def number(text: str) -> float:
    """A cell as a covariate; NaN for what is no finite number."""
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    return value if abs(value) < 1e38 else math.nan


def missing(text: str) -> bool:
    """Whether a cell says that nothing is known."""
    return text.lower() in MISSING
