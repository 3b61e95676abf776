"""Image files that a user names, in the size and colour of a run."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_stylegan.config import Config
from keras_stylegan.data.decode import ENDINGS, RefusedError, decode, is_grey
from keras_stylegan.data.file_name import printable
from keras_stylegan.data.fit import enlarges, to_network
from keras_stylegan.data.intensity import to_float
from keras_stylegan.errors import InputError
from keras_stylegan.sizes import height_width, in_words

MOST = 10_000
"""Files; more are a slip."""


def read_given(paths: Sequence[Path], config: Config) -> tuple[np.ndarray, list[str]]:
    """Images as the run's own training images were prepared: padded or cropped, reduced, never enlarged.

    Args:
        paths: Files, and folders whose image files are taken in the order of their names, without their subfolders.
        config: Of the run.

    Returns:
        (N, H, W, C) float32 in [-1, 1], and what to call each: the name of its file without the ending.

    Raises:
        InputError: No image, too many, one that cannot be read, is smaller than the run's images, or has colour where
            the run has none.
    """
    files = [file for path in paths for file in _files(path)]
    if not files:
        raise InputError("name at least one image, or a folder of images")
    if len(files) > MOST:
        raise InputError(f"at most {MOST:,} images can be named at once. Received: {len(files):,}")
    images = np.stack([to_float(_read(file, config)) for file in files])
    return images, [printable(file.stem) for file in files]


def _files(path: Path) -> list[Path]:
    # Unlike pathlib's, these take names that the system refuses for ones that do not exist.
    if os.path.isdir(path):
        try:
            found = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS)
        except OSError as error:
            raise InputError(f"cannot read the folder {path}: {error.strerror}") from error
        if not found:
            raise InputError(f"{path} holds no image ({', '.join(ENDINGS)})")
        return found
    if not os.path.lexists(path):
        raise InputError(f"there is no image {str(path)[:200]}")
    return [path]


def _read(path: Path, config: Config) -> np.ndarray:
    model, data = config.model, config.data
    size = height_width(model.resolution)
    try:
        image = decode(str(path))
    except RefusedError as error:
        raise InputError(f"{path} cannot be read as an image ({error})") from error
    height, width = image.shape[:2]
    if enlarges(height, width, size, data.fit) and not data.upscale:
        raise InputError(
            f"{path} is smaller ({height}x{width} pixels) than the run's images ({in_words(size)}): an enlarged one "
            "would be blurred, and its projection too"
        )
    if model.channels == 1 and not is_grey(image):
        raise InputError(f"{path} is a colour image and the run has grey ones: convert it, or choose a run of colour")
    return to_network(image, size, model.channels, data.fit, data.background)
