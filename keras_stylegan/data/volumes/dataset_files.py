"""The files of a dataset of volumes besides its images."""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.atomic import replace_file, replacing
from keras_stylegan.data.cache_entry import COLUMNS, finish_entry
from keras_stylegan.data.geometry import NORMALS
from keras_stylegan.data.volumes import contact_sheet, subjects
from keras_stylegan.data.volumes.parts import DTYPE, VERSION, Parts
from keras_stylegan.data.volumes.pictures import is_picture
from keras_stylegan.data.volumes.slices import MARKS
from keras_stylegan.data.volumes.table import NUMBER

COVARIATES = ("slice_position_mm", "slice_share")
"""What every slice of a volume knows of itself; columns of the table follow."""


class DatasetFiles:
    """The files of the dataset in the folder of `parts`."""

    def __init__(self, parts: Parts, of_table: tuple[str, ...], salt: bytes) -> None:
        """Takes what is to be written.

        Args:
            parts: All scans, read.
            of_table: Names of the covariates that a table or the files' names tell.
            salt: What subjects are hashed with.
        """
        self.parts, self.out, self.options, self.placed = parts, parts.out, parts.options, parts.placed
        self.of_table, self.salt = of_table, salt
        self.volumes = any(not is_picture(own.scan.files[0]) for own in self.placed)
        self.covariates = (*(COVARIATES if self.volumes else ()), *of_table)
        self.classes = tuple(sorted({own.scan.label for own in self.placed}))

    def write(self) -> None:
        """Writes everything, dataset.json last."""
        counts = self.parts.counts
        rows = [row for split in counts if counts[split] for row in self._write_split(split)]
        header = ("split", "index", "subject", "session", "volume", "label", *COVARIATES, "brain", "row_spacing_mm",
                  "column_spacing_mm", "slice_spacing_mm", "tilt_degrees", "window_low", "window_high",
                  "row_middle_mm", "column_middle_mm", *self.of_table)  # fmt: skip
        write_csv(self.out / "manifest.csv", header, rows)
        self._write_sheet()
        about = {
            "version": VERSION,
            "size": list(self.options.size),
            **self._geometry(),
            "classes": list(self.classes),
            "covariates": list(self.covariates),
            "images": counts,
        }
        replace_file(self.out / "dataset.json", json.dumps(about, indent=1).encode() + b"\n")

    def _geometry(self) -> dict[str, Any]:
        """What is known of the pictures in mm: nothing, if they were pictures before."""
        places = [
            (*own.known.middle_mm, float(np.mean(own.known.position_mm)), own.known.spacing_mm[2])
            for own in self.placed
            if own.split == "train" and not is_picture(own.scan.files[0])
        ]
        if not places:
            return dict.fromkeys(
                ("spacing_mm", "slice_spacing_mm", "plane", "top_bottom_left_right", "middle_mm"), None
            )
        down, across, position, distance = (list(values) for values in zip(*places, strict=True))
        axis = NORMALS[self.options.plane]
        first, second = (other for other in range(3) if other != axis)
        middle = {first: across, second: down, axis: position}
        return {
            "spacing_mm": self.options.spacing,
            "slice_spacing_mm": round(float(np.median(distance)), 4),
            "plane": self.options.plane,
            "top_bottom_left_right": MARKS[self.options.plane],
            "middle_mm": [round(float(np.mean(middle[place])), 3) for place in range(3)],
        }

    def _write_split(self, split: str) -> list[tuple]:
        """Finishes the files of a split; returns its rows of the manifest."""
        sessions = subjects.session_numbers([(own.scan.subject, own.scan.session) for own in self.placed])
        columns: dict[str, list] = {name: [] for name in COLUMNS}
        rows = []
        for volume, (own, session) in enumerate(zip(self.placed, sessions, strict=True)):
            if own.split != split:
                continue
            scan, known = own.scan, own.known
            subject, label = subjects.hashed(scan.subject, self.salt), self.classes.index(scan.label)
            told = [float(np.float32(scan.covariates.get(name, math.nan))) for name in self.of_table]
            middle = [round(value, 3) for value in known.middle_mm]
            for k, place in enumerate(zip(known.position_mm, known.share, strict=True)):
                columns["labels"].append((label, *(place if self.volumes else ()), *told))
                columns["names"].append(f"{subject}_{session}_{volume}_{k:03d}")
                rounded = [round(value, 4) for value in (*place, known.brain[k], *known.spacing_mm, known.tilt_degrees)]
                rows.append((split, len(rows), subject, session, volume, scan.label, *rounded, *known.window, *middle,
                             *told))  # fmt: skip
            columns["subjects"] += [subject] * len(known.digests)
            columns["digests"] += map(bytes.fromhex, known.digests)
        options = asdict(self.options) | {"classes": self.classes}
        # Of no influence on the images besides their own values, or a matter of the user's own.
        for name in ("salt", "workers", "name_pattern", "npy_spacing", "npy_axes"):
            del options[name]
        key = {"source": "volumes", "version": VERSION, "options": options}
        finish_entry(self.out / split, self.parts.shape, DTYPE, columns, self.covariates, key, {})
        return rows

    def _write_sheet(self) -> None:
        """Some slices of some volumes; of pictures, which are a slice each, as many."""
        images = self.parts.images()
        rows, titles = [], []
        per_scan = 1 if not self.volumes else contact_sheet.SLICES
        most = contact_sheet.VOLUMES * contact_sheet.SLICES // per_scan
        for place in contact_sheet.chosen(len(self.placed), most):
            own = self.placed[place]
            position = own.known.position_mm
            chosen = [own.start + k for k in contact_sheet.chosen(len(position), per_scan)]
            rows.append(images[own.split][chosen, ..., 0])
            titles.append(
                f"volume {place}, {own.scan.label}, {self.options.plane} {position[0]:.0f} to {position[-1]:.0f} mm"
            )
        marks = MARKS[self.options.plane]
        if not self.volumes:
            # Which side is which nobody has told.
            marks = " " * 4
            rows = [
                np.concatenate(rows[i : i + contact_sheet.SLICES]) for i in range(0, len(rows), contact_sheet.SLICES)
            ]
            titles = ["pictures"] * len(rows)
        sheet = contact_sheet.contact_sheet(rows, titles, marks)
        with replacing(self.out / "contact_sheet.png") as file:
            sheet.save(file, "PNG")


def write_csv(path: Path, header: tuple[str, ...], rows: Sequence[tuple]) -> None:
    """Writes a table as a whole, of which a spreadsheet takes nothing for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_no_formula(cell) for cell in row] for row in rows)
    replace_file(path, text.getvalue().encode())


def _no_formula(cell: Any) -> Any:
    """Text that a spreadsheet would run gets an apostrophe in front (OWASP, CSV injection); numbers are left alone."""
    runs = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not NUMBER.fullmatch(cell)
    return f"'{cell}" if runs else cell
