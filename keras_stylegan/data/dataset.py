"""A dataset that `prepare SOURCE --out DATASET` wrote: slices of volumes, split by subject, opened as memory maps."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.data.cache_entry import DamagedError, Entry, open_entry
from keras_stylegan.data.fit import Size
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.source import Source
from keras_stylegan.errors import InputError

ABOUT, MANIFEST, PARTS = "dataset.json", "manifest.csv", ".parts"
"""The last is a folder that only an unfinished one has."""


def is_dataset(path: Path | None) -> bool:
    """Whether a folder is such a dataset."""
    # os.path says no where pathlib raises an error.
    return path is not None and os.path.isfile(os.path.join(os.path.expanduser(path), ABOUT))


def is_prepared(folder: str | Path) -> bool:
    """Whether a folder is such a dataset, finished or not. Others have a dataset.json as well, of another kind."""
    files = (os.path.join(folder, name) for name in (ABOUT, MANIFEST))
    return os.path.isdir(os.path.join(folder, PARTS)) or all(map(os.path.isfile, files))


class Dataset(Source):
    """The slices of `data.path` in the size they were prepared in, with their positions and a table's numbers."""

    shows_people = True

    @property
    def has_test(self) -> bool:
        """Whether subjects were held out."""
        return bool(self._about()["images"]["test"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(self._about()["classes"])

    @property
    def covariates(self) -> tuple[str, ...]:
        """The slice's position in mm and in the brain, and the columns of the table."""
        return tuple(self._about()["covariates"])

    @property
    def records(self) -> tuple[Path, ...]:
        """What the dataset is, and its slices with their hashed subjects."""
        return tuple(path for name in (ABOUT, MANIFEST) if (path := self._root / name).is_file())

    def load(self, split: str, size: Size, channels: int, progress: bool = True) -> ImageSet:
        """See `Source.load`; the images stay on disk and nothing is written.

        Raises:
            InputError: Other sizes or colours than it was prepared for, a damaged dataset, or one whose splits share
                subjects.
        """
        about = self._about()
        own = tuple(about["size"])
        if tuple(size) != own:
            raise InputError(
                f"{self._root} holds slices of {own[0]}x{own[1]} pixels, the networks are for {size[0]}x{size[1]}: "
                f"prepare it with --size {size[0]} {size[1]}, or choose another --model.resolution."
            )
        if channels != 1:
            raise InputError(f"{self._root} holds grey slices: use --model.channels 1. Received: {channels}")
        if not about["images"].get(split):
            raise InputError(f"{self._root} has no {split} split: no subject was put into it.")
        entry = self._entry(split)
        shared = self._shared_subjects(about)
        if len(shared) and not self.data.allow_shared_subjects:
            raise InputError(
                f"{len(shared)} subjects of {self._root} stand in train/ and in test/, e.g. {shared[0]}: "
                "what is held out would not be new. Prepare the dataset anew, or use it as it is by "
                "--data.allow-shared-subjects."
            )
        report = [
            f"{self._root} {split}: {entry.description} of {entry.subject_count} subjects; "
            f"{entry.class_counts(self.classes)}."
        ]
        if len(shared):
            report.append(f"Warning: {len(shared)} subjects stand in train/ and test/, which was allowed.")
        return entry.image_set(self.classes, report, self.shows_people)

    @property
    def _root(self) -> Path:
        return Path(os.path.expanduser(self.data.path))

    def _about(self) -> dict[str, Any]:
        try:
            about = json.loads((self._root / ABOUT).read_bytes())
            known = {"size", "classes", "covariates", "images"} <= about.keys()
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            raise InputError(f"{self._root / ABOUT} cannot be read: prepare the dataset anew.") from error
        if not known:
            raise InputError(f"{self._root / ABOUT} is damaged or of another version: prepare the dataset anew.")
        return about

    def _entry(self, split: str) -> Entry:
        try:
            return open_entry(self._root / split)
        except DamagedError as error:
            raise InputError(f"{self._root / split} is damaged ({error}): prepare the dataset anew.") from error

    def _shared_subjects(self, about: dict[str, Any]) -> np.ndarray:
        if not all(about["images"].values()):
            return np.array([])
        return np.intersect1d(*(self._entry(split).columns["subjects"] for split in about["images"]))
