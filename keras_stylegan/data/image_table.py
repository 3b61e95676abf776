"""The table beside a folder of images (`data.table`): who is shown, which class, and numbers."""

import math
import posixpath
from collections import Counter
from dataclasses import replace
from pathlib import Path

from keras_stylegan.config.checks import is_class_name
from keras_stylegan.data.file_name import NameReader, printable
from keras_stylegan.data.listing import SINGLE_CLASS, Listing
from keras_stylegan.data.volumes.table import RESERVED, number, read_table
from keras_stylegan.errors import InputError

OTHER_COLUMNS = ("path", "subject", "label")


class TableReader(NameReader):
    """Reads subject and covariates of an image from its row; from its name, as `NameReader`, where it has none.

    Args:
        pattern: See `NameReader`.
        path: CSV or TSV with a header: `path` relative to the folder of the images, and any of `subject`, `label` and
            columns of numbers, which are covariates. Images without a row have no number in these.

    Raises:
        InputError: The file cannot be read, has no column `path` or a row of another length, names an image twice, or
            has a column whose name a covariate cannot have.
    """

    def __init__(self, pattern: str, path: Path) -> None:
        super().__init__(pattern)
        self._of_name = NameReader(pattern)
        self.path, self._table = path, read_table(path.expanduser())
        self._table.require("path")
        if self._table.refused:
            raise InputError("data.table: {} is refused: {}.".format(*self._table.refused[0]))
        columns = [name for name in self._table.columns if name not in OTHER_COLUMNS]
        for name in columns:
            if name in RESERVED or not name.isidentifier():
                raise InputError(f"data.table: {path.name} has a column {name!r}: a name is of letters, digits and _.")
        self.covariates = tuple(dict.fromkeys([*self.covariates, *columns]))
        self._columns = columns
        paths = [posixpath.normpath(row["path"].replace("\\", "/")) for row in self._table.rows]
        twice = [name for name, count in Counter(paths).items() if count > 1]
        if twice:
            raise InputError(f"data.table: {path.name} names {len(twice)} images twice, e.g. {printable(twice[0])}.")
        self._rows = dict(zip(paths, self._table.rows, strict=True))

    def read(self, name: str) -> tuple[str | None, dict[str, float]]:
        """See `NameReader`; a number of the table stands before one of the name."""
        subject, covariates = self._of_name.read(name)
        row = self._rows.get(name, {})
        numbers = {column: number(text) for column, text in row.items() if column in self._columns}
        return row.get("subject") or subject, dict.fromkeys(self._columns, math.nan) | covariates | numbers

    def require_files(self, listings: list[Listing]) -> None:
        """Raise an `InputError` if the table names an image that is in none of the listings."""
        there = {file.name for listing in listings for file in listing.files}
        missing = sorted(self._rows.keys() - there)
        if missing:
            raise InputError(
                f"data.table: {self.path.name} names {len(missing)} images that are not in {listings[0].root}, e.g. "
                f"{printable(missing[0])}: its paths are relative to that folder."
            )

    def classes(self, known: tuple[str, ...]) -> tuple[str, ...]:
        """Names of the classes: of the folders, or of the column `label` where the images lie without class folders."""
        if known != (SINGLE_CLASS,) or "label" not in self._table.columns:
            return known
        found = tuple(sorted({row["label"] for row in self._table.rows}))
        if not all(map(is_class_name, found)):
            raise InputError(f"data.table: {self.path.name} has labels that cannot be classes. Received: {list(found)}")
        return found

    def labelled(self, listing: Listing) -> Listing:
        """A listing with the classes of the table.

        Raises:
            InputError: An image without class folder has no label, or one has another label than its folder.
        """
        if "label" not in self._table.columns:
            return listing
        classes = self.classes(listing.classes)
        files = []
        for file in listing.files:
            label = self._rows.get(file.name, {}).get("label")
            if classes == listing.classes:
                if label not in (None, classes[file.label]):
                    raise InputError(
                        f"data.table: {self.path.name} has {printable(file.name)} in the class {label!r}, its folder "
                        f"says {classes[file.label]!r}."
                    )
            elif label is None:
                raise InputError(f"data.table: {self.path.name} has no label for {printable(file.name)}.")
            files.append(file if label is None else replace(file, label=classes.index(label)))
        return replace(listing, classes=classes, files=files)
