"""Loading the images of any source by its name in the config."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.config import DataConfig
from keras_stylegan.data import cache, cifar10, folder, phantom
from keras_stylegan.data.fit import enlarges, fit_square, luma
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.listing import SPLITS
from keras_stylegan.data.progress import progress_bar
from keras_stylegan.errors import InputError

# Images of the phantom's test split per image of its train split.
PHANTOM_TEST_SHARE = 0.25
# Phantoms drawn between two steps of the progress bar; whole subjects.
PHANTOM_CHUNK_SUBJECTS = 8


def load_images(
    data: DataConfig,
    resolution: int,
    channels: int,
    split: str = "train",
    *,
    seed: int = 0,
    progress: bool = True,
) -> ImageSet:
    """Loads one split of a source; decodes or draws it once, later calls open the cache.

    Args:
        data: Options of the source.
        resolution: Side of the images in pixels.
        channels: 1 (grey) or 3 (RGB).
        split: 'train' or 'test'.
        seed: Seed of the phantoms; other sources do not use it.
        progress: Show a progress bar.

    Returns:
        The images.

    Raises:
        InputError: The source cannot be used; see `folder.load` and `cifar10.read`.
    """
    if split not in SPLITS:
        raise InputError(f"split must be one of {SPLITS}. Received: {split!r}")
    if data.source == "folder":
        return folder.load(data, resolution, channels, split, progress)
    if data.source == "cifar10":
        return _load_cifar10(data, resolution, channels, split, progress)
    return _load_phantoms(data, resolution, channels, split, seed, progress)


def _load_cifar10(data: DataConfig, resolution: int, channels: int, split: str, progress: bool) -> ImageSet:
    native = cifar10.RESOLUTION
    enlarged = enlarges(native, native, resolution, data.fit)
    if enlarged and not data.upscale:
        raise InputError(
            f"CIFAR-10 has {native}x{native} pixels, fewer than the resolution {resolution}: use --model.resolution "
            f"{native} or enlarge the images with --data.upscale."
        )
    key = {"source": "cifar10", "split": split, "files": cifar10.source_files(data.path)}

    def build(writer: cache.Writer) -> dict[str, Any]:
        images, labels = cifar10.read(data.path, split)
        with progress_bar("Reading CIFAR-10", len(images), progress) as advance:
            for index, (image, label) in enumerate(zip(images, labels, strict=True)):
                name = f"{split}-{index:05d}"
                fitted = fit_square(luma(image) if channels == 1 else image, resolution)
                digest = cache.pixel_digest(image)
                writer.append(fitted, label=int(label), subject=name, name=name, digest=digest)
                advance()
        return {}

    entry = cache.load_or_build(data.cache_dir, f"cifar10-{split}", key, resolution, channels, build)
    report = [f"CIFAR-10 {split}: {_description(entry.images)}; {_counts(entry.columns['labels'], cifar10.CLASSES)}."]
    if enlarged:
        report.append(f"Warning: the images were enlarged from {native}x{native} pixels.")
    return entry.image_set(cifar10.CLASSES, report)


def _load_phantoms(data: DataConfig, resolution: int, channels: int, split: str, seed: int, progress: bool) -> ImageSet:
    count = data.phantom_count if split == "train" else max(1, round(PHANTOM_TEST_SHARE * data.phantom_count))
    here = Path(__file__).parent
    key = {
        "source": "phantom",
        "seed": seed,
        "split": split,
        "count": [data.phantom_count, count],
        # The files of this source are its program: a version that draws other brains must not find an older cache.
        "files": [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(here.glob("phantom*.py"))],
    }

    def build(writer: cache.Writer) -> dict[str, Any]:
        with progress_bar("Drawing phantoms", count, progress) as advance:
            _draw_phantoms(writer, data.phantom_count, count, resolution, channels, split, seed, advance)
        return {}

    entry = cache.load_or_build(data.cache_dir, f"phantom-{split}", key, resolution, channels, build)
    report = [
        f"Phantoms {split}: {_description(entry.images)} of {len(set(entry.columns['subjects'].tolist()))} subjects; "
        f"{_counts(entry.columns['labels'], phantom.CLASSES)}."
    ]
    return entry.image_set(phantom.CLASSES, report)


def _draw_phantoms(
    writer: cache.Writer,
    train_count: int,
    count: int,
    resolution: int,
    channels: int,
    split: str,
    seed: int,
    advance: Callable[[], None],
) -> None:
    per_subject = phantom.SLICES_PER_SUBJECT
    # The test split begins after the last subject of the train split.
    offset = 0 if split == "train" else -(-train_count // per_subject)
    chunk = PHANTOM_CHUNK_SUBJECTS * per_subject
    for start in range(0, count, chunk):
        try:
            drawn = phantom.phantom_images(
                min(chunk, count - start), resolution, seed=seed, subject_offset=offset + start // per_subject
            )
        except ValueError as error:
            raise InputError(f"phantoms: {error}") from error
        for index, image in enumerate(drawn.images):
            subject, label = str(drawn.subjects[index]), int(drawn.labels[index])
            name, digest = f"{subject}_{index % per_subject}", cache.pixel_digest(image)
            image = np.repeat(image, channels, axis=-1)
            writer.append(image, label=label, subject=subject, name=name, digest=digest)
            advance()


def _description(images: np.ndarray) -> str:
    count, height, width, channels = images.shape
    return f"{count} images {height}x{width}x{channels} {images.dtype}"


def _counts(labels: np.ndarray, classes: tuple[str, ...]) -> str:
    counts = np.bincount(labels, minlength=len(classes))
    return ", ".join(f"{name} {count}" for name, count in zip(classes, counts, strict=True))
