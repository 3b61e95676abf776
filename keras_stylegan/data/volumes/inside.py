"""What a file or a folder of a source holds: its scans by their kinds, before anything tells whose they are."""

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from keras_stylegan.data.dataset import is_prepared
from keras_stylegan.data.volumes.dicom import ending, find_series, is_dicom
from keras_stylegan.data.volumes.nifti import ENDINGS as NIFTI
from keras_stylegan.data.volumes.npy import ENDING as NPY
from keras_stylegan.data.volumes.pictures import is_picture
from keras_stylegan.data.volumes.scan import Scan

ENDINGS = (*NIFTI, NPY)
"""Of files that are a volume each."""
BESIDE = {".json", ".tsv", ".csv", ".bval", ".bvec", ".txt", ".md", ".salt"}
"""Endings of files that lie beside scans and need no mention."""
SHOWN = 8


class Inside(NamedTuple):
    """Scans sorted by name, their subjects as headers say or ''; (file, reason) of what was refused; how many files
    are of no kind that is read, by their endings."""

    scans: list[Scan]
    refused: list[tuple[str, str]]
    unread: Counter[str]


def inside(source: Path, root: Path) -> Inside:
    """What is in a file or below a folder; names are relative to `root`.

    Pictures count where there is nothing else: beside volumes they are screenshots.
    """
    files = files_below(source) if source.is_dir() else [source]
    scans = [Scan(_name(file, root), (file,), "") for file in files if is_volume(file)]
    others = [file for file in files if not is_volume(file)]
    dicom = {file for file in others if is_dicom(file)}
    series, bad = find_series(file for file in others if file in dicom) if dicom else ([], [])
    for own in series:
        more = f" and {len(own.files) - 1} more" if len(own.files) > 1 else ""
        scans.append(Scan(_name(own.files[0], root) + more, own.files, own.subject, own.session))
    refused = [(_name(file, root), reason) for file, reason in bad]
    pictures = [file for file in others if file not in dicom and is_picture(file)]
    if not scans and not refused:
        scans = [Scan(_name(file, root), (file,), "") for file in pictures]
    known = dicom.union(pictures)
    unread = Counter(kind for file in others if file not in known and (kind := ending(file)) not in BESIDE)
    if not source.is_dir() and not scans and not refused:
        refused.append((_name(source, root), "it is neither a NIfTI, DICOM or npy file nor a picture"))
        unread.clear()
    return Inside(sorted(scans, key=lambda scan: scan.name), refused, unread)


def in_words(unread: Counter[str]) -> str:
    """A sentence about files that are of no kind that is read."""
    kinds = sorted(unread.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{kind or 'without ending'} {count}" for kind, count in kinds[:SHOWN])
    more = f" and {len(kinds) - SHOWN} other endings" if len(kinds) > SHOWN else ""
    return f"{unread.total()} files are of no kind that is read: {shown}{more}."


def is_volume(file: Path) -> bool:
    """Whether a file's name is that of a volume in one file, not of a slice or a picture."""
    return file.name.lower().endswith(ENDINGS)


def files_below(root: Path) -> list[Path]:
    """Files below a folder, sorted by name; hidden ones, prepared datasets, links to folders, pipes and devices are
    passed over."""
    found = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".") and not is_prepared(os.path.join(folder, name))]
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    # A pipe would be waited for; what is not there is named by who reads it.
    found = [file for file in found if os.path.isfile(file) or not os.path.exists(file)]
    return sorted(found, key=lambda file: _name(file, root))


def _name(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()
