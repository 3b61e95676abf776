"""A source of volumes or pictures to a dataset."""

import csv
import io
import json
import math
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.atomic import replace_file, replacing
from keras_stylegan.data.cache_entry import Writer
from keras_stylegan.data.file_name import printable
from keras_stylegan.data.geometry import NORMALS
from keras_stylegan.data.source import SPLITS
from keras_stylegan.data.split import held_out
from keras_stylegan.data.volumes import contact_sheet, subjects
from keras_stylegan.data.volumes.find import find_scans
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.parts import VERSION, Parts
from keras_stylegan.data.volumes.pictures import is_picture
from keras_stylegan.data.volumes.scan import Scan
from keras_stylegan.data.volumes.slices import MARKS
from keras_stylegan.errors import InputError

PARTS = ".parts"
COVARIATES = ("slice_position_mm", "slice_share")
"""What every slice of a volume knows of itself; columns of the table follow."""
LEAST_RANGE = 0.25
"""Pictures that use less of the 16 bits than this are nearly black."""


@dataclass(frozen=True)
class Prepared:
    """What was done.

    Attributes:
        lines: For a person.
        refused: (file, reason).
    """

    lines: list[str]
    refused: list[tuple[str, str]]


def prepare_volumes(source: Path, out: Path, options: VolumeOptions, progress: bool = True) -> Prepared:
    """Reads the volumes of a source into the new dataset `out`; called again after an interruption it goes on.

    Args:
        source: A file, a folder, a BIDS tree or a CSV; see `find_scans`.
        out: Folder of the dataset: manifest.csv, train/ and test/ (as in the cache), contact_sheet.png, refused.csv,
            dataset.json.
        options: Which slices, and how.
        progress: Show a progress bar.

    Raises:
        InputError: There is a dataset already, the source or `out` cannot be used, or every volume was refused.
    """
    out = Path(out)
    if (out / "dataset.json").exists():
        raise InputError(f"{out} holds a dataset already: delete it or choose another folder with --out.")
    if (os.path.exists(out) and not out.is_dir()) or (out.is_dir() and any(_strangers(out))):
        raise InputError(f"{out} holds something else: choose a new folder with --out.")
    found = find_scans(source, options)
    salt = subjects.read_salt(options.salt or out.with_name(f"{out.name}.salt"))
    try:
        (out / PARTS).mkdir(parents=True, exist_ok=True)
        parts = Parts(out / PARTS, options)
        kept, refused = parts.all(found.scans, progress)
        refused = sorted([*found.refused, *refused])
        _write_refused(out / "refused.csv", refused)
        if not kept:
            name, reason = refused[0]
            raise InputError(
                f"none of the {len(refused)} volumes can be used, e.g. {printable(name)}: {reason}. "
                f"All are in {out / 'refused.csv'}."
            )
        dataset = _Dataset(out, options, kept, found.covariates, salt)
        lines = dataset.write(parts)
        shutil.rmtree(out / PARTS)
    except OSError as error:
        raise InputError(
            f"cannot write {out}: {error.strerror or error}. Free some space or choose another."
        ) from error
    if parts.found:
        lines.insert(0, f"Went on after an interruption: {parts.found} volumes had been read.")
    if refused:
        lines.append(f"Warning: {len(refused)} volumes were refused; {out / 'refused.csv'} says why.")
    return Prepared(lines, refused)


def _strangers(out: Path) -> Iterator[str]:
    """Names in the folder that no interrupted preparation leaves."""
    ours = {PARTS, *SPLITS, "refused.csv", "manifest.csv", "contact_sheet.png"}
    return (name for name in os.listdir(out) if name not in ours and not name.endswith(".tmp"))


def _write_refused(path: Path, refused: list[tuple[str, str]]) -> None:
    _write_csv(path, ("file", "reason"), [(printable(name), reason) for name, reason in refused])


def _write_csv(path: Path, header: tuple[str, ...], rows: list[tuple]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    replace_file(path, text.getvalue().encode())


class _Dataset:
    """The files of the dataset."""

    def __init__(
        self, out: Path, options: VolumeOptions, scans: list[Scan], covariates: tuple[str, ...], salt: bytes
    ) -> None:
        self.out, self.options, self.scans, self.salt = out, options, scans, salt
        self.volumes = any(not is_picture(scan.files[0]) for scan in scans)
        self.covariates = (*(COVARIATES if self.volumes else ()), *covariates)
        self.classes = tuple(sorted({scan.label for scan in scans}))
        # What the source says of the split is taken as it is.
        labels = {scan.subject: scan.label for scan in scans if scan.split is None}
        test = held_out(labels, options.test_share, options.seed)
        self.split_of = [scan.split or ("test" if scan.subject in test else "train") for scan in scans]
        self.people = {
            split: {scan.subject for scan, its in zip(scans, self.split_of, strict=True) if its == split}
            for split in SPLITS
        }
        self.sessions = subjects.session_numbers([(scan.subject, scan.session) for scan in scans])
        self.counts: dict[str, Counter[str]] = {}
        self.brightest = 0
        self.places: list[tuple[float, ...]] = []
        """Of every volume that is trained on: middle of its pictures down and across, of its slices, their distance."""

    def write(self, parts: Parts) -> list[str]:
        """Writes everything, dataset.json last; returns the report."""
        rows = []
        for split in SPLITS:
            shutil.rmtree(self.out / split, ignore_errors=True)
            members = [i for i, its in enumerate(self.split_of) if its == split]
            self.counts[split] = Counter()
            if members:
                rows += self._write_split(split, members, parts)
        header = ("split", "index", "subject", "session", "volume", "label", *COVARIATES, "brain", "row_spacing_mm",
                  "column_spacing_mm", "slice_spacing_mm", "tilt_degrees", "window_low", "window_high",
                  "row_middle_mm", "column_middle_mm", *self._of_table)  # fmt: skip
        _write_csv(self.out / "manifest.csv", header, rows)
        self._write_sheet(parts)
        images = {split: sum(self.counts[split].values()) for split in SPLITS}
        about = {
            "version": VERSION,
            "size": list(self.options.size),
            **self._geometry(),
            "classes": list(self.classes),
            "covariates": list(self.covariates),
            "images": images,
        }
        replace_file(self.out / "dataset.json", json.dumps(about, indent=1).encode() + b"\n")
        return self._report(images, tilt=max((row[12] for row in rows if row[12] > 5), default=0))

    @property
    def _of_table(self) -> tuple[str, ...]:
        return tuple(name for name in self.covariates if name not in COVARIATES)

    def _geometry(self) -> dict[str, Any]:
        """What is known of the pictures in mm: nothing, if they were pictures before."""
        if not self.places:
            return dict.fromkeys(
                ("spacing_mm", "slice_spacing_mm", "plane", "top_bottom_left_right", "middle_mm"), None
            )
        down, across, position, distance = (list(values) for values in zip(*self.places, strict=True))
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

    def _report(self, images: dict[str, int], tilt: float) -> list[str]:
        height, width = self.options.size
        lines = []
        for split in SPLITS:
            counts = ", ".join(f"{name} {self.counts[split][name]}" for name in self.classes)
            lines.append(f"{split}: {images[split]} slices {height}x{width} uint16 of "
                         f"{len(self.people[split])} subjects; {counts}.")  # fmt: skip
        if any(scan.split for scan in self.scans):
            lines.append("The split is that of the source's folders.")
            shared = self.people["train"] & self.people["test"]
            if shared:
                lines.append(
                    f"Warning: {len(shared)} subjects stand in both: training refuses the dataset unless it is told "
                    "--data.allow-shared-subjects. If these are no subjects, read names by --name-pattern."
                )
        elif self.options.test_share and not images["test"]:
            lines.append("Warning: no class has two subjects, so none is held out.")
        if tilt:
            lines.append(
                f"Warning: volumes are tilted by up to {round(tilt, 1):g} degrees; their slices are not turned."
            )
        if not self.volumes and self.options.window is None and self.brightest < LEAST_RANGE * np.iinfo(np.uint16).max:
            lines.append(
                f"Warning: the values end at {self.brightest} of 65535: make them white by --window 0 {self.brightest}."
            )
        return lines

    def _write_split(self, split: str, members: list[int], parts: Parts) -> list[tuple]:
        folder = self.out / split
        folder.mkdir()
        writer = Writer(folder, (*self.options.size, 1), self.covariates)
        rows = []
        try:
            for member in members:
                scan = self.scans[member]
                subject = subjects.hashed(scan.subject, self.salt)
                session = self.sessions[member]
                numbers = {name: float(np.float32(value)) for name, value in scan.covariates.items()}
                images, position, share, brain, digests, facts = parts.slices(scan)
                low, high, *spacing, tilt, down, across = facts.tolist()
                self.brightest = max(self.brightest, int(images.max()))
                if split == "train" and not is_picture(scan.files[0]):
                    self.places.append((down, across, float(position.mean()), spacing[2]))
                for k, image in enumerate(images):
                    own = {"slice_position_mm": float(position[k]), "slice_share": float(share[k])}
                    writer.append(
                        image[..., None],
                        label=self.classes.index(scan.label),
                        subject=subject,
                        name=f"{subject}_{session}_{member}_{k:03d}",
                        digest=digests[k],
                        covariates={**own, **numbers},
                    )
                    rounded = [round(value, 4) for value in (*own.values(), float(brain[k]), *spacing, tilt)]
                    rows.append((split, len(rows), subject, session, member, scan.label, *rounded, low, high,
                                 round(down, 3), round(across, 3),
                                 *(numbers.get(name, math.nan) for name in self._of_table)))  # fmt: skip
                self.counts[split][scan.label] += len(images)
            options = asdict(self.options) | {"classes": self.classes}
            # Of no influence on the images besides their own values, or a matter of the user's own.
            for name in ("salt", "workers", "name_pattern", "npy_spacing", "npy_axes"):
                del options[name]
            writer.finish({"source": "volumes", "version": VERSION, "options": options}, {})
        finally:
            writer.close()
        return rows

    def _write_sheet(self, parts: Parts) -> None:
        """Some slices of some volumes; of pictures, which are a slice each, as many."""
        rows, titles = [], []
        per_scan = 1 if not self.volumes else contact_sheet.SLICES
        most = contact_sheet.VOLUMES * contact_sheet.SLICES // per_scan
        for place in contact_sheet.chosen(len(self.scans), most):
            scan = self.scans[place]
            images, position, *_ = parts.slices(scan)
            rows.append(images[contact_sheet.chosen(len(images), per_scan)])
            titles.append(
                f"volume {place}, {scan.label}, {self.options.plane} {position[0]:.0f} to {position[-1]:.0f} mm"
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
