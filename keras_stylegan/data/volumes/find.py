"""Finding the volumes of a source: whose they are, of which class, and what else a table says."""

import os
import re
from dataclasses import replace
from pathlib import Path

from keras_stylegan.config.checks import is_class_name
from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.dicom import find_series, is_dicom
from keras_stylegan.data.volumes.nifti import ENDINGS as NIFTI
from keras_stylegan.data.volumes.npy import ENDING as NPY
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.pictures import find_pictures, is_picture
from keras_stylegan.data.volumes.scan import SINGLE_CLASS, Found, Scan
from keras_stylegan.data.volumes.table import Table, missing, number, read_table
from keras_stylegan.errors import InputError

ENDINGS = (*NIFTI, NPY)
"""Of files that are a volume each."""
PARTICIPANTS = "participants.tsv"
CSV_COLUMNS = ("path", "subject", "session")
NAME_PATTERN = r"(?:.*/)?(?P<subject>(?:ADNI_)?\d+_S_\d+|OAS\d_\d+|[^_/]+)[^/]*"
"""What a NIfTI file's name tells unless `name_pattern` says otherwise."""


def find_scans(source: Path, options: VolumeOptions) -> Found:
    """Finds the scans of a file, a folder (NIfTI, DICOM, npy; pictures if it has none of these), a BIDS tree (a folder
    with participants.tsv) or a CSV.

    Raises:
        InputError: There is nothing of this kind, or its table cannot be used.
    """
    source = Path(os.path.expanduser(source))
    if not (os.path.isfile(source) or os.path.isdir(source)):
        raise InputError(f"there is no {str(source)[:200]!r}: give a file, a folder or a CSV.")
    if source.is_file() and source.suffix.lower() == ".csv":
        found = _of_csv(source, options)
    elif source.is_file():
        found = _of_names(source.parent, source, options)
    elif (source / PARTICIPANTS).is_file():
        found = _of_bids(source, options)
    else:
        found = _of_names(source, source, options)
    if not found.scans and not found.refused:
        raise InputError(f"no volumes in {source} (looked for {', '.join(ENDINGS)}, DICOM files and pictures).")
    return _one_label_each(found)


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


def _of_csv(source: Path, options: VolumeOptions) -> Found:
    table = read_table(source)
    label = options.label_column or ("label" if "label" in table.columns else None)
    table.require("path", "subject", *([label] if label else []))
    covariates = options.covariates
    if covariates is None:
        covariates = tuple(name for name in table.columns if name not in (*CSV_COLUMNS, label))
    table.require_covariates(covariates)
    scans, refused, seen = [], list(table.refused), set()
    for row in table.rows:
        path = os.path.normpath(row["path"])
        file = source.parent / path
        if missing(row["path"]):
            refused.append((row["path"], f"a row of {source.name} names no file"))
        elif os.path.isabs(path) or path.split(os.sep)[0] == "..":
            refused.append((row["path"], f"it lies outside the folder of {source.name}"))
        elif path in seen:
            refused.append((row["path"], f"it stands twice in {source.name}"))
        elif not (os.path.isfile(file) or os.path.isdir(file)):
            refused.append((row["path"], "it is not there"))
        else:
            try:
                told = _told(table, row, row["subject"], label, covariates)
            except RefusedError as error:
                refused.append((row["path"], str(error)))
            else:
                inside, bad = _scans(file, source.parent)
                refused += bad
                # What the table says goes before what headers say.
                scans += [replace(told, name=scan.name, files=scan.files, session=row.get("session") or scan.session)
                          for scan in inside]  # fmt: skip
        seen.add(path)
    return Found(scans, covariates, refused)


def _of_bids(root: Path, options: VolumeOptions) -> Found:
    covariates = options.covariates or ()
    scans, refused = [], []
    try:
        table: Table | None = read_table(root / PARTICIPANTS)
        refused += table.refused
    except InputError as error:
        # The folders name the subjects; what only the table knows is wanted or not.
        if options.label_column or covariates:
            raise
        table = None
        refused.append((PARTICIPANTS, f"{str(error).rstrip('.')}; the folders sub-* name the subjects"))
    rows, doubled = _participants(table, options.label_column, covariates) if table else ({}, set())
    ending = re.compile(rf"_{re.escape(options.suffix)}\.nii(\.gz)?")
    for file in _files(root):
        if not file.name.lower().endswith(NIFTI):
            continue
        parts = file.relative_to(root).parts
        name = "/".join(parts)
        if parts[0] not in rows and not parts[0].startswith("sub-"):
            continue
        if len(parts) not in (3, 4) or parts[-2] != "anat" or not ending.search(file.name):
            continue
        try:
            if table is None:
                told = Scan("", (), parts[0])
            elif parts[0] in doubled:
                raise RefusedError(f"its subject has two different rows in {PARTICIPANTS}")
            elif parts[0] not in rows:
                raise RefusedError(f"its subject has no row in {PARTICIPANTS}")
            else:
                told = _told(table, rows[parts[0]], parts[0], options.label_column, covariates)
        except RefusedError as error:
            refused.append((name, str(error)))
            continue
        scans.append(replace(told, name=name, files=(file,), session=parts[1] if len(parts) == 4 else ""))
    if not scans and not any(name != PARTICIPANTS for name, _ in refused):
        raise InputError(f"no sub-*/anat/*_{options.suffix}.nii.gz in {root}; another image is named with --suffix.")
    return Found(scans, covariates, refused)


def _participants(
    table: Table, label: str | None, covariates: tuple[str, ...]
) -> tuple[dict[str, dict[str, str]], set[str]]:
    """The row of every participant, and those that have two which differ."""
    table.require("participant_id", *([label] if label else []))
    table.require_covariates(covariates)
    rows: dict[str, dict[str, str]] = {}
    doubled = set()
    for row in table.rows:
        name = "sub-" + row["participant_id"].removeprefix("sub-")
        if rows.setdefault(name, row) != row:
            doubled.add(name)
    return rows, doubled


def _told(table: Table, row: dict[str, str], subject: str, label: str | None, covariates: tuple[str, ...]) -> Scan:
    """What a row of a table tells of its scans."""
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


def _of_names(root: Path, source: Path, options: VolumeOptions) -> Found:
    """Scans of files by their names or, of DICOM files, by their headers."""
    if options.label_column or options.covariates:
        raise InputError("label_column and covariates are columns of a table: SOURCE is neither a CSV nor a BIDS tree.")
    pattern = re.compile(options.name_pattern or NAME_PATTERN)
    inside, refused = _scans(source, root)
    if source.is_dir() and inside and is_picture(inside[0].files[0]):
        return find_pictures(source, options)
    scans = []
    for scan in inside:
        if scan.subject and options.name_pattern is None:
            scans.append(scan)
            continue
        match = pattern.fullmatch(_without_ending(scan.files[0].relative_to(root).as_posix()))
        groups = match.groupdict() if match else {}
        if not groups.get("subject") or ("label" in pattern.groupindex and not groups.get("label")):
            refused.append((scan.name, "name_pattern does not tell its subject and class"))
            continue
        told = {"session": groups.get("session") or scan.session, "label": groups.get("label") or SINGLE_CLASS}
        scans.append(replace(scan, subject=groups["subject"], **told))
    return Found(scans, (), refused)


def _scans(source: Path, root: Path) -> tuple[list[Scan], list[tuple[str, str]]]:
    """The scans of a file or below a folder, sorted by name, and what was refused; subjects as headers say, or ''.

    Pictures count where there is nothing else: beside volumes they are screenshots.
    """
    files = _files(source) if source.is_dir() else [source]
    scans = [Scan(_name(file, root), (file,), "") for file in files if file.name.lower().endswith(ENDINGS)]
    others = [file for file in files if not file.name.lower().endswith(ENDINGS)]
    dicom = [file for file in others if is_dicom(file)]
    series, bad = find_series(dicom) if dicom else ([], [])
    for own in series:
        more = f" and {len(own.files) - 1} more" if len(own.files) > 1 else ""
        scans.append(Scan(_name(own.files[0], root) + more, own.files, own.subject, own.session))
    refused = [(_name(file, root), reason) for file, reason in bad]
    if not scans and not refused:
        scans = [Scan(_name(file, root), (file,), "") for file in others if is_picture(file)]
    if not source.is_dir() and not scans and not refused:
        refused.append((_name(source, root), "it is neither a NIfTI, DICOM or npy file nor a picture"))
    return sorted(scans, key=lambda scan: scan.name), refused


def _name(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()


def _files(root: Path) -> list[Path]:
    """Files below a folder, sorted by name; hidden ones, links to folders, pipes and devices are passed over."""
    found = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".")]
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    # A pipe would be waited for; what is not there is named by who reads it.
    found = [file for file in found if os.path.isfile(file) or not os.path.exists(file)]
    return sorted(found, key=lambda file: _name(file, root))


def _without_ending(name: str) -> str:
    return re.sub(r"\.(nii(\.gz)?|npy|dcm|ima|png|jpe?g|tiff?|bmp)$", "", name, flags=re.IGNORECASE)
