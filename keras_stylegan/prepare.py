"""The command `prepare`: reads a source once, into the cache or a dataset, and says what was found."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape

from keras_stylegan.config import Config
from keras_stylegan.data.cache_entry import open_entry
from keras_stylegan.data.geometry import read_geometry
from keras_stylegan.data.image_set import ImageSet
from keras_stylegan.data.source import SPLITS
from keras_stylegan.data.sources import load_images, source_of
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.preparation import prepare_volumes
from keras_stylegan.metrics.duplicates import LARGEST, SHOWN, near_duplicate_warning, near_duplicates

BLOCK = 8
"""Slices that are reduced at a time: few enough to stay in a processor's cache, which takes half as long as 64."""


def run(config: Config, console: Console, augmentations: Path | None = None) -> list[str]:
    """Reads both splits into the cache and prints the report.

    Args:
        config: `config.data`, `config.model.resolution` and `.channels`, and `config.training.seed` are used.
        console: Where the report goes.
        augmentations: See `draw_sheet`, of `config.augment.operations`; None for no such picture.

    Returns:
        The lines of the report.

    Raises:
        InputError: See `load_images`.
    """
    sets: list[ImageSet] = []
    lines: list[str] = []
    for split in ("train", "test") if source_of(config).has_test else ("train",):
        images = load_images(config, split)
        sets.append(images)
        # Both splits warn of the subjects they share; one line is enough.
        told = {line for line in lines if line.startswith("Warning:")}
        lines += [line for line in images.report.splitlines() if line not in told]
    train = sets[0]
    pairs = near_duplicates(train.images, subjects=train.subjects)
    lines += near_duplicate_warning(pairs, train.names, train.names, "of different subjects in the train split")
    if len(sets) == 2:
        test = sets[1]
        pairs = near_duplicates(test.images, train.images)
        found = near_duplicate_warning(pairs, test.names, train.names, "in the test and the train split")
        lines += found or ["No image of the test split has an equal or nearly equal one in the train split."]
    if augmentations is not None:
        # It loads Keras, which volumes are prepared without.
        from keras_stylegan.training.augmentation_sheet import draw_sheet

        draw_sheet(train, config.augment.operations, augmentations)
        lines.append(f"Look at {augmentations}: are these heads that could be?")
    _say(lines, console)
    return lines


def run_volumes(source: Path, out: Path, options: VolumeOptions, console: Console) -> int:
    """Makes a dataset of volumes and prints the report.

    Returns:
        The exit code: 0, or 3 if volumes were refused.

    Raises:
        InputError: See `prepare_volumes`.
    """
    try:
        prepared = prepare_volumes(source, out, options)
    except KeyboardInterrupt:
        _say([f"What has been read is kept in {out}: give the same command again to go on."], console)
        raise
    twice = _on_both_sides(out)
    # Of pictures nobody has told which side is which.
    question = "are they whole, and bright enough" if read_geometry(out / "dataset.json") is None else "is left right"
    last = f"Look at {out / 'contact_sheet.png'}: {question}? Then train with --data.path {out}"
    _say([*prepared.lines, *twice, last], console)
    return 3 if prepared.refused else 0


def _on_both_sides(out: Path) -> list[str]:
    """What is said of slices of the test split that have an equal or nearly equal one in the train split.

    All slices are compared: a scan that came twice under two names would stand on both sides.
    """
    if not all((out / split).is_dir() for split in SPLITS):
        return []
    train, test = (open_entry(out / split) for split in SPLITS)
    # Equal ones first, by their hashes: of whole scans there are too many to compare by pixels.
    first = {digest: index for index, digest in reversed(list(enumerate(train.columns["digests"].tolist())))}
    copies = {index: first[own] for index, own in enumerate(test.columns["digests"].tolist()) if own in first}
    rest = np.array([index for index in range(len(test.images)) if index not in copies], int)
    pairs = list(copies.items())
    if len(rest):
        near = near_duplicates(_reduced(test.images, rest), _reduced(train.images, np.arange(len(train.images))))
        pairs += [(int(rest[index]), other) for index, other, _ in near]
    if not pairs:
        return ["No slice of the test split has an equal or nearly equal one in the train split."]
    # A slice is called <subject>_<session>_<volume>_<slice>.
    volumes = Counter(
        tuple(f"volume {entry.columns['names'][index].split('_')[2]}" for entry, index in ((test, i), (train, k)))
        for i, k in pairs
    )
    shown = ", ".join(f"{one} = {other} ({count})" for (one, other), count in volumes.most_common(SHOWN))
    more = f" and {len(volumes) - SHOWN} more" if len(volumes) > SHOWN else ""
    return [
        f"Warning: {len(pairs)} pairs of equal or nearly equal slices in the test and the train split, volumes as in "
        f"manifest.csv: {shown}{more}."
    ]


def _reduced(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Chosen (N, H, W, 1) images as means over blocks of whole pixels, not smaller than they are compared in."""
    height, width = images.shape[1:3]
    factor = max(1, min(height, width) // LARGEST)
    high, wide = height - height % factor, width - width % factor

    def means(start: int) -> np.ndarray:
        part = np.asarray(images[rows[start : start + BLOCK], :high, :wide, 0])
        # Row upon row and then column upon column, which is many times as fast as numpy's mean over short axes.
        part = sum(part[:, k::factor].astype(np.uint32) for k in range(factor))
        return (sum(part[:, :, k::factor] for k in range(factor)) // factor**2).astype(np.uint16)[..., None]

    with ThreadPoolExecutor() as pool:
        return np.concatenate(list(pool.map(means, range(0, len(rows), BLOCK))))


def _say(lines: list[str], console: Console) -> None:
    for line in lines:
        style = "yellow" if line.startswith("Warning:") else ""
        console.print(escape(line), style=style, highlight=False, soft_wrap=True)
