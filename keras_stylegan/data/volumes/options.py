"""Options of preparing volumes; the command line shows them, so nothing heavy is imported here."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keras_stylegan.config.checks import require, require_at_least, require_at_most, require_types
from keras_stylegan.errors import InputError

SPACING_MM = (0.05, 20)
"""Sides of a voxel or a pixel that are no mistake."""
BODY = {"R": "R", "L": "R", "A": "A", "P": "A", "S": "S", "I": "S"}
"""The three axes of the body by the letters of their ends."""


@dataclass(frozen=True)
class VolumeOptions:
    """Which slices of which volumes, how they are fitted, and how they are split."""

    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    """Plane of the slices, after the volume has been brought to the axes right, anterior, superior."""
    range_mm: tuple[float, float] | None = None
    """Only slices whose position, in mm of the volume's own coordinates, lies in this range."""
    range_percent: tuple[float, float] | None = None
    """Only slices in this range of the brain: 0 is its first slice (inferior, posterior or left), 100 its last."""
    min_brain: float = 0.05
    """Least share of the picture that is brighter than the background; slices with less are left out."""
    spacing: float = 1.0
    """Side of a pixel in mm."""
    size: tuple[int, int] = (256, 256)
    """Height and width of the pictures in pixels, centred on the head; padded or cropped, never stretched."""
    percentiles: tuple[float, float] = (0.5, 99.5)
    """Percentiles of the volume's foreground that become black and white."""
    window: tuple[float, float] | None = None
    """Values that become black and white, the same for all volumes; instead of percentiles."""
    split: str = "0.8/0.2"
    """Shares of the subjects of every class that are trained on and held out; 1/0 holds none out."""
    seed: int = 0
    """Seed of the split."""
    label_column: str | None = None
    """Column of the table that holds the class: of a CSV 'label', of participants.tsv none unless named here."""
    covariates: tuple[str, ...] | None = None
    """Columns of the table with numbers to keep: of a CSV all others, of participants.tsv none unless named here."""
    suffix: str = "T1w"
    """Which images of a BIDS tree: sub-*/anat/*_<suffix>.nii.gz."""
    name_pattern: str | None = None
    """Regular expression for a file's path in SOURCE without its ending, where no table tells: its groups are 'subject'
    and, if wanted, 'session' and 'label'. By default a name tells the subject up to its first _, or as ADNI and OASIS
    write it, and a DICOM series by its PatientID or, without one, the first folder below SOURCE."""
    npy_spacing: tuple[float, float, float] | None = None
    """Sides in mm of a voxel of .npy files along their three axes; they are refused without."""
    npy_axes: str | None = None
    """Where the indices of their three axes grow to: R or L, A or P, S or I, such as RAS."""
    salt: Path | None = None
    """File of the secret that subjects are hashed with, made if it is missing; by default <out>.salt."""
    workers: int = 0
    """Volumes read at a time; 0 is one per core, at most 8."""

    def __post_init__(self) -> None:
        require_types(self)
        require_at_least(self, SPACING_MM[0], "spacing")
        require_at_most(self, SPACING_MM[1], "spacing")
        require_at_least(self, 0, "min_brain", "seed", "workers")
        require_at_most(self, 1, "min_brain")
        require_at_most(self, 64, "workers")
        require(all(4 <= side <= 4096 for side in self.size), "size", "two numbers from 4 to 4096", self.size)
        low, high = self.percentiles
        require(0 <= low < high <= 100, "percentiles", "two rising numbers from 0 to 100", self.percentiles)
        for name in ("range_mm", "range_percent", "window"):
            value = getattr(self, name)
            require(value is None or value[0] < value[1], name, "two rising numbers", value)
        if self.range_mm is not None and self.range_percent is not None:
            raise InputError("give either range_mm or range_percent, not both.")
        require(self.test_share is not None, "split", "two shares that add up to 1, such as 0.8/0.2", self.split)
        axes = self.npy_axes
        legal = axes is None or sorted(BODY.get(letter, "") for letter in axes.upper()) == ["A", "R", "S"]
        require(legal, "npy_axes", "three letters, one of R L, one of A P, one of S I, such as RAS", axes)
        if self.name_pattern is not None:
            self._check_pattern()

    def _check_pattern(self) -> None:
        try:
            groups = re.compile(self.name_pattern).groupindex
        except re.error as error:
            raise InputError(
                f"name_pattern is not a regular expression ({error}). Received: {self.name_pattern!r}"
            ) from error
        expected = "a regular expression with a group (?P<subject>...)"
        require("subject" in groups, "name_pattern", expected, self.name_pattern)

    @property
    def test_share(self) -> float | None:
        """Share of the subjects that is held out, in [0, 1); None if `split` is not understood."""
        match = re.fullmatch(r"(\d*\.?\d+)/(\d*\.?\d+)", self.split)
        if match is None or abs(float(match[1]) + float(match[2]) - 1) > 1e-6 or not float(match[1]):
            return None
        return float(match[2])

    def of_pixels(self) -> dict:
        """The options that the slices of one volume depend on."""
        names = ("plane", "range_mm", "range_percent", "min_brain", "spacing", "size", "percentiles", "window",
                 "npy_spacing", "npy_axes")  # fmt: skip
        return {name: getattr(self, name) for name in names}
