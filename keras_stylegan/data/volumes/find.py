"""Finding the volumes of a source: whose they are, of which class, and what else a table says."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from keras_stylegan.data.dataset import is_prepared
from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.bids import find_bids, is_bids
from keras_stylegan.data.volumes.inside import ENDINGS, in_words, inside, is_volume
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.pictures import find_pictures, is_picture
from keras_stylegan.data.volumes.scan import SINGLE_CLASS, Found, Scan
from keras_stylegan.data.volumes.table import missing, read_table, scan_of_row
from keras_stylegan.errors import InputError

CSV_COLUMNS = ("path", "subject", "session")
NAME_PATTERN = r"(?:.*/)?(?P<subject>(?:ADNI_)?\d+_S_\d+|OAS\d_\d+|[^_/]+)[^/]*"
"""What a NIfTI file's name tells unless `name_pattern` says otherwise."""


def find_scans(source: Path, options: VolumeOptions) -> Found:
    """Finds the scans of a file, a folder (NIfTI, DICOM, npy; pictures if it has none of these), a BIDS tree (see
    `is_bids`) or a CSV.

    Raises:
        InputError: There is nothing of this kind, or its table cannot be used.
    """
    source = Path(os.path.expanduser(source))
    if not (os.path.isfile(source) or os.path.isdir(source)):
        raise InputError(f"there is no {str(source)[:200]!r}: give a file, a folder or a CSV.")
    if is_prepared(source):
        raise InputError(f"{source} is a dataset that was prepared, or begun, already: give the scans it was made of.")
    unread: Counter[str] = Counter()
    if source.is_file() and source.suffix.lower() == ".csv":
        found = _of_csv(source, options, unread)
    elif source.is_file():
        found = _of_names(source.parent, source, options, unread)
    elif is_bids(source, options):
        found = find_bids(source, options)
    else:
        found = _of_names(source, source, options, unread)
    told = [in_words(unread)] if unread else []
    if not found.scans and not found.refused:
        looked = f"no volumes in {source} (looked for {', '.join(ENDINGS)}, DICOM files and pictures)."
        raise InputError(" ".join([looked, *told]))
    return _one_label_each(replace(found, lines=[*found.lines, *told]))


def _one_label_each(found: Found) -> Found:
    """Refuses every scan of a subject with two classes: it could stand on both sides of what is to be told apart."""
    labels: dict[str, set[str]] = {}
    for scan in found.scans:
        labels.setdefault(scan.subject, set()).add(scan.label)
    kept = [scan for scan in found.scans if len(labels[scan.subject]) == 1]
    refused = [
        (scan.name, f"its subject has two classes, {' and '.join(sorted(labels[scan.subject]))}")
        for scan in found.scans
        if len(labels[scan.subject]) > 1
    ]
    return replace(found, scans=kept, refused=found.refused + refused)


def _of_csv(source: Path, options: VolumeOptions, unread: Counter[str]) -> Found:
    table = read_table(source)
    label = options.label_column or ("label" if "label" in table.columns else None)
    table.require("path", "subject", *([label] if label else []))
    covariates = options.covariates
    if covariates is None:
        covariates = tuple(name for name in table.columns if name not in (*CSV_COLUMNS, label))
    table.require_covariates(covariates)
    scans, refused = [], list(table.refused)
    # The line that named a file first: a folder and a file in it, or two links, are two rows of one scan.
    named: dict[str, int] = {}
    for line, row in zip(table.lines, table.rows, strict=True):
        path = os.path.normpath(row["path"])
        file = source.parent / path
        if missing(row["path"]):
            refused.append((row["path"], f"a row of {source.name} names no file"))
        elif os.path.isabs(path) or path.split(os.sep)[0] == "..":
            refused.append((row["path"], f"it lies outside the folder of {source.name}"))
        elif not (os.path.isfile(file) or os.path.isdir(file)):
            refused.append((row["path"], "it is not there"))
        elif is_prepared(file):
            refused.append((row["path"], "it is a dataset that was prepared, or begun, already"))
        else:
            try:
                told = scan_of_row(table, row, row["subject"], label, covariates)
            except RefusedError as error:
                refused.append((row["path"], str(error)))
                continue
            own, bad, kinds = inside(file, source.parent)
            refused += bad
            unread += kinds
            for scan in own:
                files = [os.path.realpath(each) for each in scan.files]
                first = min(named.setdefault(each, line) for each in files)
                if first != line:
                    refused.append((scan.name, f"lines {first} and {line} of {source.name} both name it"))
                    continue
                # What the table says goes before what headers say.
                session = row.get("session") or scan.session
                scans.append(replace(told, name=scan.name, files=scan.files, session=session))
    return Found(scans, covariates, refused)


def _of_names(root: Path, source: Path, options: VolumeOptions, unread: Counter[str]) -> Found:
    """Scans of files by their names or, of DICOM files, by their headers."""
    if options.label_column or options.covariates:
        raise InputError("label_column and covariates are columns of a table: SOURCE is neither a CSV nor a BIDS tree.")
    pattern = re.compile(options.name_pattern or NAME_PATTERN)
    own, refused, kinds = inside(source, root)
    unread += kinds
    if source.is_dir() and own and is_picture(own[0].files[0]):
        return find_pictures(source, options)
    scans, nameless = [], []
    for scan in own:
        if options.name_pattern is None and scan.subject:
            scans.append(scan)
            continue
        if options.name_pattern is None and source.is_dir() and not is_volume(scan.files[0]):
            nameless.append(scan)
            continue
        match = pattern.fullmatch(_without_ending(scan.files[0].relative_to(root).as_posix()))
        groups = match.groupdict() if match else {}
        if not groups.get("subject") or ("label" in pattern.groupindex and not groups.get("label")):
            refused.append((scan.name, "name_pattern does not tell its subject and class"))
            continue
        told = {"session": groups.get("session") or scan.session, "label": groups.get("label") or SINGLE_CLASS}
        scans.append(replace(scan, subject=groups["subject"], **told))
    lines = []
    if nameless:
        by_folder, bad = _by_folder(nameless, [scan for scan in own if scan.subject], root)
        scans = sorted(scans + by_folder, key=lambda scan: scan.name)
        refused += bad
        if by_folder:
            subjects = sorted({scan.subject for scan in by_folder})
            lines.append(
                f"Warning: no PatientID in {len(by_folder)} series: the first folder below {root} names the subject: "
                f"{len(subjects)} subjects, such as {root.name}/{by_folder[0].name.split('/')[0]}. Where it is no "
                "person's, tell who it is by --name-pattern or a CSV."
            )
    return Found(scans, (), refused, lines)


def _by_folder(
    nameless: Sequence[Scan], identified: Sequence[Scan], root: Path
) -> tuple[list[Scan], list[tuple[str, str]]]:
    """Subjects of DICOM series without PatientID, and what was refused: whoever the first folder below the source is.

    Not a deeper one, even if all lie in one first folder: that may be a person's, and the next ones two visits, which
    would part. People who share a first folder become one subject, which leaks nothing. Of a series with PatientID in
    the same folder it is the same person.
    """
    patients: dict[str, set[str]] = {}
    for scan in identified:
        for file in scan.files:
            patients.setdefault(_first_folder(file, root), set()).add(scan.subject)
    scans, refused = [], []
    for scan in nameless:
        folders = {_first_folder(file, root) for file in scan.files}
        folder = folders.pop() if len(folders) == 1 else ""
        subjects = patients.get(folder, set()) or {folder}
        if folder and len(subjects) == 1:
            scans.append(replace(scan, subject=next(iter(subjects))))
            continue
        which = "the first folder has several" if folder else "no one folder below SOURCE names the subject"
        refused.append((scan.name, f"it has no PatientID, and {which}: tell who it is by --name-pattern or a CSV"))
    return scans, refused


def _first_folder(file: Path, root: Path) -> str:
    """The first folder on the way from the source to a file, '' if the file lies in the source itself."""
    return "/".join(file.relative_to(root).parts[:-1][:1])


def _without_ending(name: str) -> str:
    return re.sub(r"\.(nii(\.gz)?|npy|dcm|ima|png|jpe?g|tiff?|bmp)$", "", name, flags=re.IGNORECASE)
