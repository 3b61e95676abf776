"""Numbers that are read off an image of a head directly, without anything that was trained."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from keras_stylegan.metrics.images import as_float, blocks, check_images

BLACK = 16
"""Grey levels of 255 below which a pixel is background; real padding is 0, generated borders are not quite."""
MIDDLE = 0.35
"""Half axes of the ellipse in the middle of the head, in sides of the box around the head."""
DARK = 0.5
"""A pixel of the middle is fluid below this part of the head's median grey value."""


class Appearance(NamedTuple):
    """How an image looks, one entry per image; NaN where there is nothing but background."""

    foreground: np.ndarray
    """Share of the pixels that are not background: the size of the head in the slice."""
    brightness: np.ndarray
    """Mean grey value of these, 0 to 1."""
    dark_middle: np.ndarray
    """Share of dark pixels in the middle of the head: of a slice through them, the ventricles."""


TITLES = {
    "foreground": "size of the head in the slice",
    "brightness": "mean grey value of the head",
    "dark_middle": "dark share of the middle (ventricles)",
}


def appearance(images: np.ndarray, advance: Callable[[int], None] | None = None) -> Appearance:
    """Measures images.

    Args:
        images: (N, H, W, C) uint8, uint16 or float in [-1, 1].
        advance: Called with the number of images done.

    Raises:
        InputError: They are no images.
    """
    check_images(images, "images")
    parts = []
    for block in blocks(len(images)):
        grey = (as_float(np.asarray(images[block])).mean(axis=-1) + 1) / 2
        parts.append(np.array([_measured(image) for image in grey]))
        if advance is not None:
            advance(len(grey))
    return Appearance(*np.concatenate(parts).T)


def _measured(grey):
    """(foreground, brightness, dark_middle) of one image (H, W) in [0, 1]."""
    mask = grey > BLACK / 255
    if not mask.any():
        return 0.0, np.nan, np.nan
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    (top, bottom), (left, right) = (rows[0], rows[-1] + 1), (columns[0], columns[-1] + 1)
    y = (np.arange(grey.shape[0]) + 0.5 - (top + bottom) / 2) / (MIDDLE * (bottom - top))
    x = (np.arange(grey.shape[1]) + 0.5 - (left + right) / 2) / (MIDDLE * (right - left))
    middle = y[:, None] ** 2 + x**2 <= 1
    dark = grey[middle] < DARK * np.median(grey[mask])
    # Of a head of one pixel the ellipse may hold none.
    return mask.mean(), grey[mask].mean(), dark.mean() if dark.size else np.nan
