"""A source of volumes or pictures to a dataset."""

import os
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keras_stylegan import folder_lock
from keras_stylegan.data.dataset import PARTS
from keras_stylegan.data.file_name import printable
from keras_stylegan.data.source import SPLITS
from keras_stylegan.data.split import held_out
from keras_stylegan.data.volumes import subjects
from keras_stylegan.data.volumes.dataset_files import DatasetFiles, write_csv
from keras_stylegan.data.volumes.find import find_scans
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.parts import Parts
from keras_stylegan.data.volumes.report import report
from keras_stylegan.data.volumes.scan import Scan
from keras_stylegan.errors import InputError


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
        progress: See `progress_bar`.

    Raises:
        InputError: There is a dataset already, another process is writing it, the source or `out` cannot
            be used, or every volume was refused.
    """
    out = Path(out)
    _require_none(out)
    if (os.path.exists(out) and not out.is_dir()) or (out.is_dir() and any(_strangers(out))):
        raise InputError(f"{out} holds something else: choose a new folder with --out.")
    with warnings.catch_warnings():
        # Of odd headers, as in `Parts.grow`.
        warnings.simplefilter("ignore")
        found = find_scans(source, options)
    splits = _splits(found.scans, options)
    try:
        with folder_lock.take(out / PARTS):
            # Another process may have finished it meanwhile.
            _require_none(out)
            salt = subjects.read_salt(options.salt or out.with_name(f"{out.name}.salt"))
            parts = Parts(out, options)
            parts.grow(found.scans, splits, progress)
            refused = sorted([*found.refused, *parts.refused])
            write_csv(out / "refused.csv", ("file", "reason"), [(printable(name), reason) for name, reason in refused])
            if not parts.placed:
                name, reason = refused[0]
                raise InputError(
                    f"none of the {len(refused)} volumes can be used, e.g. {printable(name)}: {reason}. "
                    f"All are in {out / 'refused.csv'}."
                )
            DatasetFiles(parts, found.covariates, salt).write()
        # With the lock in it, which a server would keep while it is open.
        shutil.rmtree(out / PARTS)
    except BlockingIOError:
        raise InputError(
            f"{out} is in use by another process: wait for it or choose another folder with --out."
        ) from None
    except OSError as error:
        raise InputError(
            f"cannot write {out}: {error.strerror or error}. Free some space or choose another."
        ) from error
    lines = report(parts, found, splits)
    if parts.found:
        lines.insert(0, f"Went on after an interruption: {parts.found} volumes had been read.")
    if refused:
        lines.append(f"Warning: {len(refused)} volumes were refused; {out / 'refused.csv'} says why.")
    return Prepared(lines, refused)


def _require_none(out: Path) -> None:
    if (out / "dataset.json").exists():
        raise InputError(f"{out} holds a dataset already: delete it or choose another folder with --out.")


def _splits(scans: list[Scan], options: VolumeOptions) -> list[str]:
    """The split of each scan: of its subject, unless the source says it."""
    labels = {scan.subject: scan.label for scan in scans if scan.split is None}
    test = held_out(labels, options.test_share, options.seed)
    return [scan.split or ("test" if scan.subject in test else "train") for scan in scans]


def _strangers(out: Path) -> Iterator[str]:
    """Names in the folder that no interrupted preparation leaves."""
    ours = {PARTS, *SPLITS, "refused.csv", "manifest.csv", "contact_sheet.png"}
    return (name for name in os.listdir(out) if name not in ours and not name.endswith(".tmp"))
