"""What a source of volumes is found to hold."""

from dataclasses import dataclass, field
from pathlib import Path

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
    """The scans of a source in a fixed order, names of their covariates, and (file, reason) of what was refused."""

    scans: list[Scan]
    covariates: tuple[str, ...]
    refused: list[tuple[str, str]]
