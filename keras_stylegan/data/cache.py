"""Decoded images on local disk: written once, opened as memory maps.

One entry is a folder `<name>-<key>/` with images.npy, labels.npy, subjects.npy, names.npy, digests.npy and entry.json.
An entry is written under a temporary name and renamed when complete, so whatever has its final name was whole once.
"""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.errors import InputError

# Part of every key: change it when the meaning of a cached entry changes.
VERSION = 1
COLUMNS = {"labels": np.int64, "subjects": np.str_, "names": np.str_, "digests": "S16"}


@dataclass(frozen=True)
class Entry:
    """One opened cache entry.

    Attributes:
        images: (N, H, W, C) uint8 or uint16, read-only memory map.
        columns: Arrays of length N by the names in `COLUMNS`.
        notes: What `build` returned: facts for the report.
        fingerprint: Hash of the decoded pixels, labels and the options of the key.
        remark: "" or a line about the cache for the report.
    """

    images: np.ndarray
    columns: dict[str, np.ndarray]
    notes: dict[str, Any]
    fingerprint: str
    remark: str = ""

    def image_set(self, classes: tuple[str, ...], report: list[str]) -> ImageSet:
        """The images with the given classes and report, and the remark about the cache."""
        lines = [*report, self.remark] if self.remark else report
        return ImageSet(
            images=self.images, classes=classes, fingerprint=self.fingerprint, report="\n".join(lines), **self.columns
        )


class Writer:
    """Appends images to a new entry.

    Plain writes instead of a memory map: on a full disk a write raises an error, a memory map kills the process.
    """

    def __init__(self, folder: Path, resolution: int, channels: int) -> None:
        """Starts an empty images.npy in `folder` for images (resolution, resolution, channels)."""
        self._path = folder / "images.npy"
        self._shape = (resolution, resolution, channels)
        self._dtype = np.dtype(np.uint8)
        self._rows: dict[str, list] = {name: [] for name in COLUMNS}
        self._file = self._path.open("w+b")
        _write_header(self._file, (0, *self._shape), self._dtype)

    def append(self, image: np.ndarray, *, label: int, subject: str, name: str, digest: bytes) -> None:
        """Adds one image; the first 16-bit one turns the whole set into 16 bits (8-bit values times 257).

        Args:
            image: (resolution, resolution, channels) uint8 or uint16.
            label: Index of its class.
            subject: The person.
            name: File name relative to the source.
            digest: `pixel_digest` of the image as decoded.
        """
        if image.shape != self._shape:
            raise ValueError(f"images of this entry have shape {self._shape}. Received: {image.shape}")
        if image.dtype == np.uint16 and self._dtype == np.uint8:
            self._widen()
        if image.dtype == np.uint8 and self._dtype == np.uint16:
            image = widened(image)
        self._file.write(image.tobytes())
        for column, value in zip(COLUMNS, (label, subject, name, digest), strict=True):
            self._rows[column].append(value)

    def finish(self, key: dict[str, Any], notes: dict[str, Any]) -> None:
        """Writes the final header, the columns and entry.json, and syncs everything to disk."""
        count = len(self._rows["labels"])
        self._file.seek(0)
        _write_header(self._file, (count, *self._shape), self._dtype)
        _sync(self._file)
        columns = {name: np.array(rows, COLUMNS[name]) for name, rows in self._rows.items()}
        for name, values in columns.items():
            with self._path.with_name(f"{name}.npy").open("wb") as file:
                np.save(file, values, allow_pickle=False)
                _sync(file)
        options = {name: value for name, value in key.items() if name != "files"}
        content = [columns["digests"].tobytes().hex(), columns["labels"].tolist(), options]
        entry = {
            "version": VERSION,
            "shape": [count, *self._shape],
            "dtype": self._dtype.name,
            "fingerprint": _hash(content),
            "options": options,
            "notes": notes,
        }
        with self._path.with_name("entry.json").open("wb") as file:
            file.write(json.dumps(entry, indent=1).encode())
            _sync(file)

    def close(self) -> None:
        """Closes images.npy; harmless after `finish`."""
        # A full disk makes the flush at closing fail once more; the first error is already on its way.
        with contextlib.suppress(OSError):
            self._file.close()

    def _widen(self) -> None:
        count = len(self._rows["labels"])
        narrow, self._dtype = self._file, np.dtype(np.uint16)
        narrow.seek(0)
        _write_header(narrow, (count, *self._shape), np.dtype(np.uint8))
        path = self._path.with_name("images16.npy")
        self._file = path.open("w+b")
        _write_header(self._file, (0, *self._shape), self._dtype)
        size = int(np.prod(self._shape))
        with narrow:
            for _ in range(count):
                self._file.write(widened(np.frombuffer(narrow.read(size), np.uint8)).tobytes())
        path.replace(self._path)


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


def load_or_build(
    cache_dir: Path | None,
    name: str,
    key: dict[str, Any],
    resolution: int,
    channels: int,
    build: Callable[[Writer], dict[str, Any]],
) -> Entry:
    """Opens the entry of a key, or builds it first.

    Args:
        cache_dir: Folder of all entries; None for ~/.cache/keras_stylegan.
        name: Readable beginning of the entry's folder name.
        key: JSON-able description of everything the images depend on; `files` lists the content of the source.
        resolution: Side of the images in pixels.
        channels: Colour channels of the images.
        build: Appends the images to a `Writer` and returns JSON-able notes.

    Returns:
        The opened `Entry`.

    Raises:
        InputError: The cache cannot be written (disk full, no permission), or `build` raised it. Nothing is left.
    """
    root = Path(cache_dir) if cache_dir is not None else Path.home() / ".cache" / "keras_stylegan"
    folder = root / f"{name}-{resolution}x{channels}-{_hash([VERSION, key, resolution, channels])[:16]}"
    remark = ""
    if folder.exists():
        try:
            return open_entry(folder)
        except DamagedError as error:
            remark = f"The cache {folder} was damaged ({error}) and has been built anew."
    with _clear_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(root)
        temporary = Path(tempfile.mkdtemp(prefix=_temporary_prefix(), dir=root))
        try:
            writer = Writer(temporary, resolution, channels)
            try:
                writer.finish({**key, "resolution": resolution, "channels": channels}, build(writer))
            finally:
                writer.close()
            # Opened before it is published: a process that replaces a damaged entry at this moment may move it away,
            # but what is mapped stays.
            entry = open_entry(temporary)
            _publish(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return Entry(entry.images, entry.columns, entry.notes, entry.fingerprint, remark)


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
        notes, fingerprint = entry["notes"], entry["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise DamagedError(str(error).replace("\n", " ") or type(error).__name__) from error
    found = (VERSION, images.shape, images.dtype.name)
    if found != expected:
        raise DamagedError(f"images.npy holds {found[1:]}, entry.json says {expected[1:]}")
    for name, values in columns.items():
        if values.shape != images.shape[:1]:
            raise DamagedError(f"{name}.npy holds {len(values)} rows for {len(images)} images")
    return Entry(images, columns, notes, fingerprint)


def _publish(temporary: Path, folder: Path) -> None:
    """Renames a complete entry; one that another process has published in the meantime is kept if it is whole."""
    while True:
        try:
            temporary.rename(folder)
            return
        except OSError:
            if not folder.exists():
                raise
        try:
            open_entry(folder)
            return
        except DamagedError:
            aside = Path(tempfile.mkdtemp(prefix=_temporary_prefix(), dir=folder.parent))
            # Another process may have moved it aside first; then the next rename simply succeeds.
            with contextlib.suppress(FileNotFoundError):
                folder.rename(aside / "damaged")
            shutil.rmtree(aside, ignore_errors=True)


def _temporary_prefix() -> str:
    return f".writing-{socket.gethostname()}-{os.getpid()}-"


def _remove_abandoned(root: Path) -> None:
    """Removes what killed preparations on this machine have left."""
    for folder in root.glob(f".writing-{socket.gethostname()}-*"):
        process = folder.name.split("-")[-2]
        if process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def _clear_errors(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot write the image cache in {root}: {reason}. "
            "Free some space there or choose another folder with --data.cache-dir."
        ) from error


def _write_header(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype) -> None:
    # numpy pads the header for a growing first axis, so rewriting it with the final count keeps its length.
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
