"""A set of decoded images with their labels, subjects and names."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class ImageSet:
    """Images of one split, all of one size and type.

    `report` and `names` tell of the data's files, and `subjects` of people: they are for the console and the run's own
    log, never for a file that is shared. Numbers, `classes`, the names of the covariates and `fingerprint` may be.

    Attributes:
        images: (N, H, W, C) uint8 or uint16, full range of the type; usually a read-only memory map.
        labels: (N,) records of `label_record`: 'class', an index into `classes`, and the covariates.
        classes: Names of the classes, sorted.
        subjects: (N,) str, the person an image belongs to. Split by it, never by image.
        names: (N,) str, file name relative to the source.
        fingerprint: Hash of the decoded pixels, labels and preparation options; equal means "the same data".
        report: What was read, refused and noticed: a few lines for a person. Lines to act on begin with "Warning:".
        digests: (N,) bytes, hash of the pixels of a file as decoded, before they were fitted to the size.
        shows_people: See `Source`.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    subjects: np.ndarray
    names: np.ndarray
    fingerprint: str
    report: str
    digests: np.ndarray = field(default_factory=lambda: np.empty(0, "S16"))
    shows_people: bool = True

    def __len__(self) -> int:
        """Number of images N."""
        return len(self.labels)


def label_dtype(covariates: Sequence[str] = ()) -> np.dtype:
    """The type of one record: 'class' int64, and float32 for each of the named covariates."""
    return np.dtype([("class", np.int64), *((name, np.float32) for name in covariates)])


def label_record(classes: np.typing.ArrayLike, **covariates: np.typing.ArrayLike) -> np.ndarray:
    """Labels as records: `labels["class"]` and `labels[name]` are columns, `labels[rows]` are records.

    Args:
        classes: (N,) integers.
        **covariates: (N,) numbers, such as a slice's height; NaN where it is not known.

    Returns:
        (N,) records of `label_dtype`.
    """
    labels = np.empty(len(classes), label_dtype(tuple(covariates)))
    for name, values in {"class": classes, **covariates}.items():
        labels[name] = values
    return labels


def duplicate_images(digests: np.ndarray, names: np.ndarray) -> list[tuple[str, str]]:
    """(first file, its copy) for every file whose decoded pixels equal those of an earlier one.

    Args:
        digests: (N,) bytes, one hash per file.
        names: (N,) str.
    """
    first: dict[bytes, str] = {}
    copies = []
    for digest, name in zip(digests.tolist(), names.tolist(), strict=True):
        if digest in first:
            copies.append((first[digest], name))
        else:
            first[digest] = name
    return copies
