"""A set of decoded images with their labels, subjects and names."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class ImageSet:
    """Images of one split, all of one size and type.

    Attributes:
        images: (N, H, W, C) uint8 or uint16, full range of the type; usually a read-only memory map.
        labels: (N,) int64, index into `classes`.
        classes: Names of the classes, sorted.
        subjects: (N,) str, the person an image belongs to. Split by it, never by image.
        names: (N,) str, file name relative to the source.
        fingerprint: Hash of the decoded pixels, labels and preparation options; equal means "the same data".
        report: What was read, refused and noticed: a few lines for a person. Lines to act on begin with "Warning:".
        digests: (N,) bytes, hash of the pixels of a file as decoded, before it was made square and resized.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    subjects: np.ndarray
    names: np.ndarray
    fingerprint: str
    report: str
    digests: np.ndarray = field(default_factory=lambda: np.empty(0, "S16"))

    def __len__(self) -> int:
        """Number of images N."""
        return len(self.labels)


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
