"""A source of volumes to a dataset: read in parallel, volume by volume, so that an interruption loses little."""

import csv
import io
import json
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from keras_stylegan.atomic import replace_file, replacing
from keras_stylegan.data.cache_entry import Writer, content_hash, pixel_digest
from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.file_name import printable
from keras_stylegan.data.progress import progress_bar
from keras_stylegan.data.source import SPLITS
from keras_stylegan.data.split import held_out
from keras_stylegan.data.volumes import contact_sheet, subjects
from keras_stylegan.data.volumes.dicom import read_dicom
from keras_stylegan.data.volumes.find import Scan, find_scans
from keras_stylegan.data.volumes.nifti import ENDINGS, read_nifti
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.slices import MARKS, slices_of
from keras_stylegan.errors import InputError

VERSION = 1
"""Change it when the same scan would give other slices."""
PARTS = ".parts"
MOST_WORKERS = 8
COVARIATES = ("slice_position_mm", "slice_share")
"""What every slice knows of itself; columns of the table follow."""


@dataclass(frozen=True)
class Prepared:
    """What was done.

    Attributes:
        lines: For a person.
        refused: (file, reason).
        middles: (V, H, W, 1) uint16, the middle slice of every volume.
        subjects: (V,) hashes, and `names` (V,) of the volumes, as the manifest has them.
    """

    lines: list[str]
    refused: list[tuple[str, str]]
    middles: np.ndarray
    subjects: np.ndarray
    names: np.ndarray


def prepare_volumes(source: Path, out: Path, options: VolumeOptions, progress: bool = True) -> Prepared:
    """Reads the volumes of a source into the new dataset `out`; called again after an interruption it goes on.

    Args:
        source: A NIfTI file, a folder, a BIDS tree or a CSV; see `find_scans`.
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
        reading = _Reading(out / PARTS, options)
        kept, refused = reading.all(found.scans, progress)
        refused = sorted([*found.refused, *refused])
        _write_refused(out / "refused.csv", refused)
        if not kept:
            name, reason = refused[0]
            raise InputError(
                f"none of the {len(refused)} volumes can be used, e.g. {printable(name)}: {reason}. "
                f"All are in {out / 'refused.csv'}."
            )
        dataset = _Dataset(out, options, kept, found.covariates, salt)
        lines = dataset.write(reading)
        shutil.rmtree(out / PARTS)
    except OSError as error:
        raise InputError(
            f"cannot write {out}: {error.strerror or error}. Free some space or choose another."
        ) from error
    if reading.found:
        lines.insert(0, f"Went on after an interruption: {reading.found} volumes had been read.")
    if refused:
        lines.append(f"Warning: {len(refused)} volumes were refused; {out / 'refused.csv'} says why.")
    people, names = zip(*dataset.middles, strict=True)
    return Prepared(lines, refused, np.stack(list(dataset.middles.values())), np.array(people), np.array(names))


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


class _Reading:
    """The slices of every scan, kept in a file of their own until all are there."""

    def __init__(self, parts: Path, options: VolumeOptions) -> None:
        self.parts, self.options = parts, options
        self.found = 0

    def all(self, scans: list[Scan], progress: bool) -> tuple[list[Scan], list[tuple[str, str]]]:
        """The scans that could be read, and (file, reason) of the others."""
        waiting = [scan for scan in scans if not self.part(scan).exists()]
        self.found = len(scans) - len(waiting)
        refused: dict[str, str] = {}
        workers = self.options.workers or min(os.cpu_count() or 1, MOST_WORKERS)
        # Unpacking and numpy release the interpreter lock, so threads do use all cores.
        pool = ThreadPoolExecutor(workers)
        try:
            # Readers warn of odd headers and quote them; a file is either read or refused by name.
            with warnings.catch_warnings(), progress_bar("Reading volumes", len(scans), progress) as advance:
                warnings.simplefilter("ignore")
                for _ in range(self.found):
                    advance()
                futures = {pool.submit(self._read, scan): scan for scan in waiting}
                for future in as_completed(futures):
                    reason = future.result()
                    if reason is not None:
                        refused[futures[future].name] = reason
                    advance()
        finally:
            pool.shutdown(cancel_futures=True)
        return [scan for scan in scans if scan.name not in refused], list(refused.items())

    def part(self, scan: Scan) -> Path:
        """The file of a scan's slices; a scan that was changed since, or other options, have another."""
        state = []
        for file in scan.files:
            try:
                status = file.stat()
                state.append([status.st_size, status.st_mtime_ns])
            except OSError:
                state.append([])
        key = content_hash([VERSION, self.options.of_pixels(), scan.name, state])
        return self.parts / f"{key[:32]}.npy"

    def _read(self, scan: Scan) -> str | None:
        """Writes the slices of a scan; returns why it was refused, if it was."""
        try:
            volume = (
                read_nifti(file) if (file := scan.files[0]).name.lower().endswith(ENDINGS) else read_dicom(scan.files)
            )
            slices = slices_of(volume, self.options)
        except RefusedError as error:
            return str(error)
        facts = [*slices.window, *slices.spacing_mm, slices.tilt_degrees]
        with replacing(self.part(scan), sync=False) as file:
            # Not an archive, whose checksums cost as much as the slices themselves.
            digests = [pixel_digest(image[..., None]) for image in slices.images]
            for values in (slices.images, slices.position_mm, slices.share, slices.brain, digests, facts):
                np.save(file, values, allow_pickle=False)
        return None

    def slices(self, scan: Scan) -> list[np.ndarray]:
        """What was kept of a scan: images, position_mm, share, brain, digests, and its window, spacing and tilt."""
        with self.part(scan).open("rb") as file:
            return [np.load(file, allow_pickle=False) for _ in range(6)]


class _Dataset:
    """The files of the dataset."""

    def __init__(
        self, out: Path, options: VolumeOptions, scans: list[Scan], covariates: tuple[str, ...], salt: bytes
    ) -> None:
        self.out, self.options, self.scans, self.salt = out, options, scans, salt
        self.covariates = covariates
        self.classes = tuple(sorted({scan.label for scan in scans}))
        labels = {scan.subject: scan.label for scan in scans}
        self.test = held_out(labels, options.test_share, options.seed)
        self.people = {True: len(self.test), False: len(labels) - len(self.test)}
        self.sessions = subjects.session_numbers([(scan.subject, scan.session) for scan in scans])
        self.counts: dict[str, Counter[str]] = {}
        self.middles: dict[tuple[str, str], np.ndarray] = {}

    def write(self, reading: _Reading) -> list[str]:
        """Writes everything, dataset.json last; returns the report."""
        rows = []
        for split in SPLITS:
            shutil.rmtree(self.out / split, ignore_errors=True)
            members = [i for i, scan in enumerate(self.scans) if (scan.subject in self.test) == (split == "test")]
            self.counts[split] = Counter()
            if members:
                rows += self._write_split(split, members, reading)
        header = ("split", "index", "subject", "session", "volume", "label", *COVARIATES, "brain", "row_spacing_mm",
                  "column_spacing_mm", "slice_spacing_mm", "tilt_degrees", "window_low", "window_high",
                  *self.covariates)  # fmt: skip
        _write_csv(self.out / "manifest.csv", header, rows)
        self._write_sheet(reading)
        size = list(self.options.size)
        about = {
            "version": VERSION,
            "size": size,
            "spacing_mm": self.options.spacing,
            "plane": self.options.plane,
            "top_bottom_left_right": MARKS[self.options.plane],
            "classes": list(self.classes),
            "covariates": [*COVARIATES, *self.covariates],
            "images": {split: sum(self.counts[split].values()) for split in SPLITS},
        }
        replace_file(self.out / "dataset.json", json.dumps(about, indent=1).encode() + b"\n")
        lines = []
        for split in SPLITS:
            counts = ", ".join(f"{name} {self.counts[split][name]}" for name in self.classes)
            lines.append(f"{split}: {about['images'][split]} slices {size[0]}x{size[1]} uint16 of "
                         f"{self.people[split == 'test']} subjects; {counts}.")  # fmt: skip
        if self.options.test_share and not self.test:
            lines.append("Warning: no class has two subjects, so none is held out.")
        tilted = sorted({round(row[12], 1) for row in rows if row[12] > 5})
        if tilted:
            lines.append(f"Warning: volumes are tilted by up to {tilted[-1]:g} degrees; their slices are not turned.")
        return lines

    def _write_split(self, split: str, members: list[int], reading: _Reading) -> list[tuple]:
        folder = self.out / split
        folder.mkdir()
        writer = Writer(folder, (*self.options.size, 1), (*COVARIATES, *self.covariates))
        rows = []
        try:
            for member in members:
                scan = self.scans[member]
                subject = subjects.hashed(scan.subject, self.salt)
                session = self.sessions[member]
                numbers = {name: float(np.float32(value)) for name, value in scan.covariates.items()}
                images, position, share, brain, digests, facts = reading.slices(scan)
                low, high, *spacing, tilt = facts.tolist()
                # A copy, as a view would keep all slices of the volume in memory.
                self.middles[subject, f"volume {member} ({split})"] = images[len(images) // 2, ..., None].copy()
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
                                 *numbers.values()))  # fmt: skip
                self.counts[split][scan.label] += len(images)
            options = asdict(self.options) | {"classes": self.classes}
            # Of no influence on the images, or a matter of the user's own.
            for name in ("salt", "workers", "name_pattern"):
                del options[name]
            writer.finish({"source": "volumes", "version": VERSION, "options": options}, {})
        finally:
            writer.close()
        return rows

    def _write_sheet(self, reading: _Reading) -> None:
        rows, titles = [], []
        for place in contact_sheet.chosen(len(self.scans), contact_sheet.VOLUMES):
            scan = self.scans[place]
            images, position, *_ = reading.slices(scan)
            at = contact_sheet.chosen(len(images), contact_sheet.SLICES)
            rows.append(images[at])
            titles.append(
                f"volume {place}, {scan.label}, {self.options.plane} {position[0]:.0f} to {position[-1]:.0f} mm"
            )
        sheet = contact_sheet.contact_sheet(rows, titles, MARKS[self.options.plane])
        with replacing(self.out / "contact_sheet.png") as file:
            sheet.save(file, "PNG")
