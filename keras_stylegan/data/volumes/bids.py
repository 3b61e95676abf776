"""Finding the volumes of a BIDS tree: sub-*/[ses-*/]anat/ and, if it is there, participants.tsv."""

import os
import re
from dataclasses import replace
from pathlib import Path

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.inside import files_below
from keras_stylegan.data.volumes.nifti import ENDINGS as NIFTI
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.scan import Found, Scan
from keras_stylegan.data.volumes.table import Table, read_table, scan_of_row
from keras_stylegan.errors import InputError

PARTICIPANTS, DESCRIPTION = "participants.tsv", "dataset_description.json"
ANATOMY = ("sub-*/anat", "sub-*/ses-*/anat")


def is_bids(root: Path, options: VolumeOptions) -> bool:
    """Whether a folder is a BIDS tree: by one of the files at its top, or by its folders (BIDS,
    common principles). Without a table of participants, `options.name_pattern` reads it as any other folder."""
    if os.path.isfile(root / PARTICIPANTS):
        return True
    if options.name_pattern is not None:
        return False
    return os.path.isfile(root / DESCRIPTION) or any(path.is_dir() for own in ANATOMY for path in root.glob(own))


def find_bids(root: Path, options: VolumeOptions) -> Found:
    """Its images `options.suffix`; derivatives and other folders beside sub-* are passed over.

    Raises:
        InputError: There are none, or a column is asked for that participants.tsv does not have.
    """
    covariates = options.covariates or ()
    scans, refused = [], []
    table: Table | None = None
    if os.path.lexists(root / PARTICIPANTS):
        try:
            table = read_table(root / PARTICIPANTS)
            table.require("participant_id")
            refused += table.refused
        except InputError as error:
            # The folders name the subjects; what only the table knows is wanted or not.
            if options.label_column or covariates:
                raise
            table = None
            refused.append((PARTICIPANTS, f"{str(error).rstrip('.')}; the folders sub-* name the subjects"))
    elif options.label_column or covariates:
        raise InputError(f"there is no {PARTICIPANTS} in {root}, whose columns label_column and covariates are.")
    rows, doubled = _participants(table, options.label_column, covariates) if table else ({}, set())
    ending = re.compile(rf"_{re.escape(options.suffix)}\.nii(\.gz)?")
    for file in files_below(root):
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
                told = scan_of_row(table, rows[parts[0]], parts[0], options.label_column, covariates)
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
    table.require(*([label] if label else []))
    table.require_covariates(covariates)
    rows: dict[str, dict[str, str]] = {}
    doubled = set()
    for row in table.rows:
        name = "sub-" + row["participant_id"].removeprefix("sub-")
        if rows.setdefault(name, row) != row:
            doubled.add(name)
    return rows, doubled
