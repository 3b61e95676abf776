"""One entry of the cache: a folder with images.npy, labels.npy, subjects.npy, names.npy, digests.npy and entry.json."""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from keras_stylegan.data.image_set import ImageSet, label_dtype

# Change it when the meaning of a cached entry changes.
VERSION = 2
COLUMNS = ("labels", "subjects", "names", "digests")


@dataclass(frozen=True)
class Entry:
    """One opened cache entry.

    Attributes:
        images: (N, H, W, C) uint8 or uint16, read-only memory map.
        columns: Arrays of length N by the names in `COLUMNS`; labels are records of `label_record`.
        notes: What `build` returned: facts for the report.
        fingerprint: Hash of the decoded pixels, labels and the options of the key.
        remark: "" or a line about the cache for the report.
    """

    images: np.ndarray
    columns: dict[str, np.ndarray]
    notes: dict[str, Any]
    fingerprint: str
    remark: str = ""

    @property
    def description(self) -> str:
        """For a report: "5 images 64x64x1 uint8" (height x width x channels)."""
        count, height, width, channels = self.images.shape
        return f"{count} images {height}x{width}x{channels} {self.images.dtype}"

    @property
    def subject_count(self) -> int:
        """Number of different subjects."""
        return len(set(self.columns["subjects"].tolist()))

    def class_counts(self, classes: tuple[str, ...]) -> str:
        """For a report: "AD 3, NC 2"."""
        counts = np.bincount(self.columns["labels"]["class"], minlength=len(classes))
        return ", ".join(f"{name} {count}" for name, count in zip(classes, counts, strict=True))

    def image_set(self, classes: tuple[str, ...], report: list[str], shows_people: bool) -> ImageSet:
        """The images with the given facts; the report goes on with the covariates and the remark about the cache."""
        lines = [*report, *_covariates_in_words(self.columns["labels"]), *([self.remark] if self.remark else [])]
        return ImageSet(
            images=self.images,
            classes=classes,
            fingerprint=self.fingerprint,
            report="\n".join(lines),
            shows_people=shows_people,
            **self.columns,
        )


def _covariates_in_words(labels: np.ndarray) -> list[str]:
    lines = []
    for name in labels.dtype.names[1:]:
        known = labels[name][~np.isnan(labels[name])]
        if not len(known):
            lines.append(f"No image has a number for the covariate {name}.")
            continue
        without = f"; {len(labels) - len(known)} images have none" if len(known) < len(labels) else ""
        lines.append(f"Covariate {name}: {known.min():g} to {known.max():g}{without}.")
    return lines


class Writer:
    """Appends images to a new entry.

    Plain writes instead of a memory map: on a full disk a write raises an error, a memory map kills the process.
    """

    def __init__(self, folder: Path, shape: tuple[int, int, int], covariates: Sequence[str] = ()) -> None:
        """Starts an empty images.npy in `folder` for images of this (height, width, channels) with such covariates."""
        self._path = folder / "images.npy"
        self._shape = tuple(shape)
        self._dtype = np.dtype(np.uint8)
        self._covariates = tuple(covariates)
        self._rows: dict[str, list] = {name: [] for name in COLUMNS}
        self._file = self._path.open("w+b")
        write_header(self._file, (0, *self._shape), self._dtype)

    def append(
        self,
        image: np.ndarray,
        *,
        label: int,
        subject: str,
        name: str,
        digest: bytes,
        covariates: Mapping[str, float] | None = None,
    ) -> None:
        """Adds one image; the first 16-bit one turns the whole set into 16 bits (8-bit values times 257).

        Args:
            image: (height, width, channels) uint8 or uint16.
            label: Index of its class.
            subject: The person.
            name: File name relative to the source.
            digest: `pixel_digest` of the image as decoded.
            covariates: Its numbers by name; those that are missing are NaN.
        """
        if image.shape != self._shape:
            raise ValueError(f"images of this entry have shape {self._shape}. Received: {image.shape}")
        if image.dtype == np.uint16 and self._dtype == np.uint8:
            self._widen()
        if image.dtype == np.uint8 and self._dtype == np.uint16:
            image = widened(image)
        self._file.write(np.ascontiguousarray(image).data)
        record = (label, *((covariates or {}).get(name, np.nan) for name in self._covariates))
        for column, value in zip(COLUMNS, (record, subject, name, digest), strict=True):
            self._rows[column].append(value)

    def finish(self, key: dict[str, Any], notes: dict[str, Any]) -> None:
        """See `finish_entry`."""
        self._file.close()
        finish_entry(self._path.parent, self._shape, self._dtype, self._rows, self._covariates, key, notes)

    def close(self) -> None:
        """Closes images.npy; harmless after `finish`."""
        # A full disk makes the flush at closing fail once more; the first error is already on its way.
        with contextlib.suppress(OSError):
            self._file.close()

    def _widen(self) -> None:
        count = len(self._rows["labels"])
        narrow, self._dtype = self._file, np.dtype(np.uint16)
        narrow.seek(0)
        write_header(narrow, (count, *self._shape), np.dtype(np.uint8))
        path = self._path.with_name("images16.npy")
        self._file = path.open("w+b")
        write_header(self._file, (0, *self._shape), self._dtype)
        size = int(np.prod(self._shape))
        with narrow:
            for _ in range(count):
                self._file.write(widened(np.frombuffer(narrow.read(size), np.uint8)).tobytes())
        path.replace(self._path)


def finish_entry(
    folder: Path,
    shape: tuple[int, int, int],
    dtype: np.dtype,
    rows: Mapping[str, Sequence],
    covariates: Sequence[str],
    key: dict[str, Any],
    notes: dict[str, Any],
) -> None:
    """Writes the final header of images.npy, the columns and entry.json, and syncs everything to disk.

    Args:
        folder: Of the entry; its images.npy begins with a header for another number of images.
        shape: (height, width, channels).
        dtype: Of the images.
        rows: For each of `COLUMNS` a value for every image; labels are tuples of the class and the covariates.
        covariates: Their names.
        key: What the images depend on; all but `files` is kept.
        notes: Facts for the report.
    """
    count = len(rows["labels"])
    with (folder / "images.npy").open("r+b") as file:
        write_header(file, (count, *shape), dtype)
        _sync(file)
    types = (label_dtype(covariates), np.str_, np.str_, "S16")
    columns = {name: np.array(rows[name], kind) for name, kind in zip(COLUMNS, types, strict=True)}
    for name, values in columns.items():
        with (folder / f"{name}.npy").open("wb") as file:
            np.save(file, values, allow_pickle=False)
            _sync(file)
    options = {name: value for name, value in key.items() if name != "files"}
    content = [columns["digests"].tobytes().hex(), columns["labels"].tobytes().hex(), covariates, options]
    entry = {
        "version": VERSION,
        "shape": [count, *shape],
        "dtype": dtype.name,
        "covariates": covariates,
        "fingerprint": content_hash(content),
        "options": options,
        "notes": notes,
    }
    with (folder / "entry.json").open("wb") as file:
        file.write(json.dumps(entry, indent=1).encode())
        _sync(file)


def widened(image: np.ndarray) -> np.ndarray:
    """8-bit values as 16-bit values of the same brightness: times 257, so that 255 becomes 65535."""
    return image.astype(np.uint16) * np.uint16(257)


def pixel_digest(image: np.ndarray) -> bytes:
    """16 bytes that identify the pixels (shape, type and values) of a decoded image."""
    pixels = np.ascontiguousarray(image)
    # A numpy column of bytes drops trailing zero bytes, so they are made to end in a set bit.
    header = f"{pixels.shape} {pixels.dtype}".encode()
    digest = hashlib.blake2b(pixels.data, digest_size=16, key=hashlib.sha256(header).digest()).digest()
    return digest[:-1] + bytes([digest[-1] | 1])


class DamagedError(ValueError):
    """An entry that is not what was written; the message is the reason."""


def open_entry(folder: Path) -> Entry:
    """Opens an entry after checking that its files agree.

    Raises:
        DamagedError: A file is missing, cut short or disagrees with entry.json.
    """
    try:
        entry = json.loads((folder / "entry.json").read_bytes())
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        columns = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in COLUMNS}
        expected = (entry["version"], tuple(entry["shape"]), entry["dtype"])
        labels = label_dtype(entry["covariates"])
        notes, fingerprint = entry["notes"], entry["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise DamagedError(str(error).replace("\n", " ") or type(error).__name__) from error
    found = (VERSION, images.shape, images.dtype.name)
    if found != expected:
        raise DamagedError(f"images.npy holds {found[1:]}, entry.json says {expected[1:]}")
    if columns["labels"].dtype != labels:
        raise DamagedError(f"labels.npy holds {columns['labels'].dtype}, entry.json says {labels}")
    for name, values in columns.items():
        if values.shape != images.shape[:1]:
            raise DamagedError(f"{name}.npy holds {len(values)} rows for {len(images)} images")
    return Entry(images, columns, notes, fingerprint)


def write_header(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Writes the header of an array in a npy file; that of an array with another first axis has the same length."""
    # numpy pads the header for a growing first axis, so rewriting it with the final count keeps its length.
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def content_hash(content: Any) -> str:
    """SHA-256 of anything JSON-able, in hexadecimal digits."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
