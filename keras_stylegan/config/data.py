"""Options of the images."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keras_stylegan.config.checks import require, require_at_least, require_at_most, require_types
from keras_stylegan.errors import InputError


@dataclass(frozen=True)
class DataConfig:
    """Where the images come from and how they are fitted to the networks."""

    source: Literal["folder", "cifar10", "phantom"] = "folder"
    """'folder' of image files, 'cifar10', or 'phantom': procedural brain slices that need no download."""
    path: Path | None = None
    """The folder: train/ and test/ with one subfolder per class (ADNI's AD_NC), any folder of images, or a dataset that
    `prepare SOURCE --out DATASET` made of volumes."""
    fit: Literal["pad", "crop"] = "pad"
    """Bring an image to the proportions of the networks by padding with its background, or by a centre crop."""
    background: int | None = None
    """Grey value to pad with; by default the median of the image's border."""
    upscale: bool = False
    """Accept images smaller than the resolution and enlarge them."""
    subject_pattern: str = r"(?P<subject>.+)_(?P<slice>\d+)"
    """Regular expression for a file name without its ending; its group 'subject' names the subject, every other named
    group is a covariate: a number that the images come with."""
    table: Path | None = None
    """A CSV or TSV beside a folder of images: 'path' (relative to data.path), and any of 'subject', 'label' and columns
    of numbers, which are covariates."""
    hold_out: float = 0.0
    """Share of the subjects of every class to hold out of a folder that has no part for it (test/, Testing/, val/)."""
    hold_out_seed: int = 0
    """Seed of the choice of these subjects: not that of the training, so that runs are compared on the same people."""
    allow_shared_subjects: bool = False
    """Train on a prepared dataset although its train/ and test/ share subjects."""
    strict: bool = False
    """Stop at the first unreadable file instead of skipping it."""
    max_refused: int = 100
    """Unreadable files that are skipped before the folder as a whole is refused."""
    phantom_count: int = 2000
    """Images that the source 'phantom' draws."""
    cache_dir: Path | None = None
    """Folder of the decoded images; by default ~/.cache/keras_stylegan."""

    def __post_init__(self) -> None:
        require_types(self)
        require_at_least(self, 0, "background", "max_refused", "hold_out_seed")
        require(0 <= self.hold_out < 1, "data.hold_out", "at least 0 and below 1", self.hold_out)
        require_at_most(self, 65_535, "background")
        require_at_least(self, 1, "phantom_count")
        require_at_most(self, 10_000_000, "phantom_count")
        try:
            groups = re.compile(self.subject_pattern).groupindex
        except re.error as error:
            raise InputError(
                f"data.subject_pattern is not a regular expression ({error}). Received: {self.subject_pattern!r}"
            ) from error
        require(
            "subject" in groups and "class" not in groups,
            "data.subject_pattern",
            "a regular expression with a group (?P<subject>...) and none that is called 'class'",
            self.subject_pattern,
        )
