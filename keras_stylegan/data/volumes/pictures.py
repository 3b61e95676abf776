"""Slices that are pictures already (PNG, JPEG, TIFF, BMP; 8 or 16 bits): without mm, a pixel counts as 1 mm."""

import math
import os
import re
from pathlib import Path

import numpy as np

from keras_stylegan.config import DataConfig
from keras_stylegan.config.checks import is_class_name
from keras_stylegan.data.cache_entry import widened
from keras_stylegan.data.decode import ENDINGS, RefusedError, decode, is_grey
from keras_stylegan.data.file_name import NameReader
from keras_stylegan.data.fit import luma
from keras_stylegan.data.listing import ImageFile, Listing, has_splits, list_images, split_folder
from keras_stylegan.data.source import SPLITS
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.scan import Found, Scan
from keras_stylegan.data.volumes.slices import WHITE, Slices, foreground_threshold, resampled, windowed

UNKNOWN = float("nan")


def is_picture(path: Path) -> bool:
    """Whether a file's name is that of a picture."""
    return path.name.lower().endswith(ENDINGS)


def find_pictures(root: Path, options: VolumeOptions) -> Found:
    """The pictures of a folder in the layouts of `list_images`: its folders name classes and, if it has them, splits.

    A name tells the subject and the slice as in the training from a folder (`data.subject_pattern`), or the path as
    `name_pattern` says.

    Raises:
        InputError: See `list_images`.
    """
    splits = [split for split in SPLITS if split_folder(root, split)] if has_splits(root) else [None]
    reader = NameReader(DataConfig().subject_pattern)
    pattern = re.compile(options.name_pattern) if options.name_pattern else None
    scans, refused = [], []
    for split in splits:
        listing = list_images(root, split or "train")
        for file in listing.files:
            try:
                scans.append(_scan(root, listing, file, split, reader, pattern))
            except RefusedError as error:
                refused.append((file.name, str(error)))
    return Found(scans, () if pattern else reader.covariates, refused)


def _scan(
    root: Path, listing: Listing, file: ImageFile, split: str | None, reader: NameReader, pattern: re.Pattern | None
) -> Scan:
    label, session = listing.classes[file.label], ""
    if pattern is None:
        subject, covariates = reader.read(file.name)
        subject = subject or os.path.splitext(file.name)[0]
    else:
        match = pattern.fullmatch(os.path.splitext(file.name)[0])
        groups, covariates = match.groupdict() if match else {}, {}
        if not groups.get("subject") or ("label" in pattern.groupindex and not groups.get("label")):
            raise RefusedError("name_pattern does not tell its subject and class")
        subject, session = groups["subject"], groups.get("session") or ""
        label = groups.get("label") or label
    if not is_class_name(label):
        raise RefusedError(f"its class cannot begin the name of a file: {label[:100]!r}")
    return Scan(file.name, (root / file.name,), subject, session, label, covariates, split)


def read_picture(path: Path, options: VolumeOptions) -> Slices:
    """One picture as the one slice of a scan, padded with black or cropped around its middle.

    Black and white are the ends of the file's own type, or `options.window`: percentiles of single slices would give
    every slice another contrast.

    Raises:
        RefusedError: See `decode`; or it is in colour, all of one value, has less foreground than asked for, or a range
            of positions is asked for.
    """
    if options.range_mm is not None or options.range_percent is not None:
        raise RefusedError("a picture has no position: leave out range_mm and range_percent")
    image = decode(str(path))
    if not is_grey(image):
        raise RefusedError("it is in colour")
    image = luma(image) if image.shape[-1] == 3 else image
    picture = (widened(image) if image.dtype == np.uint8 else image)[..., 0].astype(np.float32)
    window = options.window or (0.0, float(WHITE))
    brain = np.count_nonzero(picture > foreground_threshold(picture)) / (math.prod(options.size) * options.spacing**2)
    if brain < options.min_brain:
        raise RefusedError(f"only {brain:.2g} of the picture is brighter than the background (--min-brain)")
    middle = tuple(side / 2 for side in picture.shape)
    placed = resampled(picture, (1.0, 1.0), middle, options.size, options.spacing, window[0])
    unknown = np.array([UNKNOWN])
    return Slices(
        windowed(placed, window)[None],
        unknown,
        unknown,
        np.array([min(1.0, brain)]),
        window,
        (UNKNOWN, UNKNOWN, UNKNOWN),
        UNKNOWN,
        (UNKNOWN, UNKNOWN),
    )
