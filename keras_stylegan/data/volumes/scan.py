"""What a source of volumes is found to hold, and what becomes of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SINGLE_CLASS = "all"


@dataclass(frozen=True)
class Scan:
    """One volume to be read.

    Attributes:
        name: Where it is, relative to the source.
        files: Its file, or those of its DICOM series.
        subject, session: As the source calls them; they stay out of everything that is written.
        label: Its class.
        covariates: Numbers by their names.
        split: 'train' or 'test' if the source says it, else None.
    """

    name: str
    files: tuple[Path, ...]
    subject: str
    session: str = ""
    label: str = SINGLE_CLASS
    covariates: dict[str, float] = field(default_factory=dict)
    split: str | None = None


@dataclass(frozen=True)
class Found:
    """The scans of a source in a fixed order, names of their covariates, (file, reason) of what was refused, and lines
    for a person."""

    scans: list[Scan]
    covariates: tuple[str, ...]
    refused: list[tuple[str, str]]
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """What is known of a scan besides its slices; see `Slices`.

    Attributes:
        digests: Of each slice, in hexadecimal digits.
        refused: Why the scan could not be used, or "".
    """

    position_mm: Sequence[float] = ()
    share: Sequence[float] = ()
    brain: Sequence[float] = ()
    window: Sequence[float] = (math.nan, math.nan)
    spacing_mm: Sequence[float] = (math.nan, math.nan, math.nan)
    tilt_degrees: float = math.nan
    middle_mm: Sequence[float] = (math.nan, math.nan)
    digests: Sequence[str] = ()
    refused: str = ""


class Placed(NamedTuple):
    """A scan whose slices are in the dataset: in which split, from which image on, and what is known of it."""

    scan: Scan
    split: str
    start: int
    known: Known
