"""The source 'cifar10': 60,000 colour photographs of 32x32 pixels in ten classes (Krizhevsky 2009)."""

import io
import os
import pickle
import tarfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from keras_stylegan.data import cache
from keras_stylegan.data.cache_entry import Writer, pixel_digest
from keras_stylegan.data.fit import Size, enlarges, fit_to, luma
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.progress import progress_bar
from keras_stylegan.data.source import Source
from keras_stylegan.errors import InputError
from keras_stylegan.sizes import in_words

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RESOLUTION = 32
FOLDER = "cifar-10-batches-py"
BATCHES = {"train": tuple(f"data_batch_{number}" for number in range(1, 6)), "test": ("test_batch",)}
WHERE = "get cifar-10-python.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html and give it with --data.path"


class Cifar10(Source):
    """The 50,000 images to train on and the 10,000 to test with; `data.path` is optional."""

    shows_people = False
    has_test = True
    classes = CLASSES
    planned_images = 60_000

    def load(self, split: str, size: Size, channels: int, progress: bool = True) -> ImageSet:
        """See `Source.load`."""
        data, side = self.data, RESOLUTION
        enlarged = enlarges(side, side, size, data.fit)
        if enlarged and not data.upscale:
            raise InputError(
                f"CIFAR-10 has {side}x{side} pixels, fewer than the resolution {in_words(size)}: use "
                f"--model.resolution {side} or enlarge the images with --data.upscale."
            )
        key = {
            "source": "cifar10",
            "split": split,
            "fit": data.fit,
            "background": data.background,
            "files": source_files(data.path),
        }

        def build(writer: Writer) -> dict[str, Any]:
            images, labels = read(data.path, split)
            with progress_bar("Reading CIFAR-10", len(images), progress) as advance:
                for index, (image, label) in enumerate(zip(images, labels, strict=True)):
                    name = f"{split}-{index:05d}"
                    fitted = fit_to(luma(image) if channels == 1 else image, size, data.fit, data.background)
                    writer.append(fitted, label=int(label), subject=name, name=name, digest=pixel_digest(image))
                    advance()
            return {}

        entry = cache.load_or_build(data.cache_dir, f"cifar10-{split}", key, (*size, channels), build)
        report = [f"CIFAR-10 {split}: {entry.description}; {entry.class_counts(CLASSES)}."]
        if enlarged:
            report.append(f"Warning: the images were enlarged from {side}x{side} pixels.")
        return entry.image_set(CLASSES, report, self.shows_people)


def source_files(path: Path | None) -> list[list]:
    """What the images depend on: [name, size, time of change] of the downloaded files; empty for Keras's own copy.

    Raises:
        InputError: `path` is neither the extracted folder (or one that holds it) nor the tar.gz.
    """
    if path is None:
        return []
    place = _place(path)
    files = [place] if os.path.isfile(place) else [place / name for names in BATCHES.values() for name in names]
    missing = [file.name for file in files if not os.path.isfile(file)]
    if missing:
        raise InputError(f"{place} is not a complete CIFAR-10 folder, it lacks {missing[0]}: {WHERE}.")
    return [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]


def read(path: Path | None, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Reads one split.

    Args:
        path: The extracted folder `cifar-10-batches-py`, a folder that holds it, or `cifar-10-python.tar.gz`; None for
            Keras's loader, which downloads it once.
        split: 'train' or 'test'.

    Returns:
        Images (N, 32, 32, 3) uint8 and labels (N,) int64, indices into `CLASSES`.

    Raises:
        InputError: The files are missing, damaged or hold anything but arrays, or the download fails.
    """
    if path is None:
        return _read_from_keras(split)
    place = _place(path)
    try:
        if place.is_file():
            with tarfile.open(place) as archive:
                batches = [_batch(archive.extractfile(f"{FOLDER}/{name}")) for name in BATCHES[split]]
        else:
            batches = []
            for name in BATCHES[split]:
                with (place / name).open("rb") as file:
                    batches.append(_batch(file))
    except (OSError, EOFError, KeyError, ValueError, pickle.UnpicklingError, tarfile.TarError) as error:
        reason = str(error).replace("\n", " ")
        raise InputError(f"CIFAR-10 in {place} cannot be read ({reason}): {WHERE}.") from error
    return np.concatenate([images for images, _ in batches]), np.concatenate([labels for _, labels in batches])


def _place(path: Path) -> Path:
    # os.path says no where pathlib raises an error: too long a name, a zero byte, no permission.
    place = Path(os.path.expanduser(path))
    if not os.path.exists(place):
        raise InputError(f"data.path is not there: {WHERE}. Received: {str(path)[:200]!r}")
    if os.path.isdir(place / FOLDER):
        return place / FOLDER
    if os.path.isdir(place) and not any(os.path.isfile(place / name) for name in ("data_batch_1", "test_batch")):
        archive = place / "cifar-10-python.tar.gz"
        if os.path.isfile(archive):
            return archive
        raise InputError(f"no {FOLDER} in data.path: {WHERE}. Received: {str(path)!r}")
    return place


def _read_from_keras(split: str) -> tuple[np.ndarray, np.ndarray]:
    import keras

    # Keras reports a failed download as a bare Exception.
    try:
        train, test = keras.datasets.cifar10.load_data()
    except Exception as error:
        reason = str(error).replace(os.linesep, " ")
        raise InputError(f"CIFAR-10 is not on this machine and cannot be downloaded ({reason}): {WHERE}.") from error
    images, labels = train if split == "train" else test
    return images, labels.reshape(-1).astype(np.int64)


def _batch(file: BinaryIO | None) -> tuple[np.ndarray, np.ndarray]:
    if file is None:
        raise ValueError("a batch is not a file")
    content = _ArraysOnly(io.BytesIO(file.read()), encoding="bytes").load()
    pixels, labels = np.asarray(content[b"data"]), np.asarray(content[b"labels"], np.int64)
    side = RESOLUTION
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != 3 * side * side:
        raise ValueError(f"pixels of shape {pixels.shape} and type {pixels.dtype}, expected (N, 3072) uint8")
    if labels.shape != pixels.shape[:1] or labels.min(initial=0) < 0 or labels.max(initial=0) >= len(CLASSES):
        raise ValueError("labels do not suit the images")
    return pixels.reshape(-1, 3, side, side).transpose(0, 2, 3, 1), labels


class _ArraysOnly(pickle.Unpickler):
    """Unpickles numpy arrays and nothing else, since a pickle from elsewhere can run any code."""

    ALLOWED = frozenset(
        {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("_codecs", "encode"),
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which CIFAR-10 does not contain")
        return super().find_class("numpy._core.multiarray" if name == "_reconstruct" else module, name)
