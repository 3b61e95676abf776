"""Fitting an image of any size into one of a given height and width, with the aspect ratio kept."""

import math

import numpy as np
from PIL import Image

from keras_stylegan.errors import InputError

Size = tuple[int, int]
"""(height, width) in pixels."""


def border_median(image: np.ndarray) -> np.ndarray:
    """Median of the outermost rows and columns: the background of a scan.

    Args:
        image: (H, W, C) integers.

    Returns:
        (C,) of the same type.
    """
    top_bottom = np.concatenate([image[0], image[-1]])
    sides = np.concatenate([image[1:-1, 0], image[1:-1, -1]])
    return np.rint(np.median(np.concatenate([top_bottom, sides]), axis=0)).astype(image.dtype)


def rectangle(height: int, width: int, size: Size, fit: str) -> tuple[float, float]:
    """Height and width, in pixels of the image, of what becomes `size`.

    It has the proportions of `size`: the smallest rectangle that holds the image ('pad'), or the largest one in it
    ('crop'). One side is the image's own; the other may be a fraction of a pixel more than a whole number.
    """
    high, wide = size
    taller = height * wide > width * high
    if taller == (fit == "pad"):
        return height, height * wide / high
    return width * high / wide, width


def enlarges(height: int, width: int, size: Size, fit: str) -> bool:
    """Whether `fit_to` has to make up pixels."""
    return rectangle(height, width, size, fit)[0] < size[0]


def pad_to(image: np.ndarray, height: int, width: int, background: int | None = None) -> np.ndarray:
    """Centres an image on a larger one.

    Args:
        image: (H, W, C) uint8 or uint16.
        height: Rows of the result, at least H.
        width: Columns of the result, at least W.
        background: Value around it, in the values of the file; None for the median of its border.

    Returns:
        (height, width, C) of the same type.

    Raises:
        InputError: `background` is outside the range of the type.
    """
    if image.shape[:2] == (height, width):
        return image
    most = np.iinfo(image.dtype).max
    if background is not None and background > most:
        raise InputError(f"data.background must be at most {most} for {image.dtype} images. Received: {background}")
    padded = np.empty((height, width, image.shape[2]), image.dtype)
    padded[:] = border_median(image) if background is None else background
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    padded[top : top + image.shape[0], left : left + image.shape[1]] = image
    return padded


def crop_to(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The centre (height, width, C) of an image (H, W, C)."""
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def resize(image: np.ndarray, size: Size, part: tuple[float, float] | None = None) -> np.ndarray:
    """Resizes an image with an antialiasing Lanczos filter.

    16-bit images are filtered in floating point, so nothing is quantised to 8 bits on the way.

    Args:
        image: (H, W, C) uint8 or uint16.
        size: (height, width) of the result.
        part: Height and width of the centre that becomes the result, also between pixels; by default the whole image.

    Returns:
        (height, width, C) of the same type.
    """
    height, width = image.shape[:2]
    high, wide = part or (height, width)
    if (height, width) == (high, wide) == tuple(size):
        return np.ascontiguousarray(image)
    top, left = (height - high) / 2, (width - wide) / 2
    box = (left, top, left + wide, top + high)
    most = np.iinfo(image.dtype).max
    planes = []
    for channel in range(image.shape[-1]):
        plane = Image.fromarray(np.ascontiguousarray(image[..., channel], np.float32 if most > 255 else np.uint8))
        resized = np.asarray(plane.resize((size[1], size[0]), Image.Resampling.LANCZOS, box))
        planes.append(np.clip(np.rint(resized), 0, most).astype(image.dtype))
    return np.stack(planes, axis=-1)


def fit_to(image: np.ndarray, size: Size, fit: str = "pad", background: int | None = None) -> np.ndarray:
    """Gives an image the proportions of `size` by `fit` ('pad' or 'crop') and resizes it; it is never stretched.

    Args:
        image: (H, W, C) uint8 or uint16.
        size: (height, width) of the result.
        fit: 'pad' keeps everything, 'crop' keeps the centre, to within a pixel of the image.
        background: See `pad_to`.

    Returns:
        (height, width, C) of the same type.
    """
    part = rectangle(*image.shape[:2], size, fit)
    whole = [math.ceil(side) for side in part]
    fitted = crop_to(image, *whole) if fit == "crop" else pad_to(image, *whole, background)
    return resize(fitted, size, part)


def luma(image: np.ndarray) -> np.ndarray:
    """Grey value of a colour image, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded.

    Args:
        image: (..., 3) uint8 or uint16.

    Returns:
        (..., 1) of the same type.
    """
    weights = np.array([0.299, 0.587, 0.114])
    return np.rint(image @ weights).astype(image.dtype)[..., None]


def to_network(
    image: np.ndarray, size: Size, channels: int, fit: str = "pad", background: int | None = None
) -> np.ndarray:
    """An image of a file in the size and colour of the networks: colour becomes grey, grey is repeated.

    Args:
        image: (H, W, 1 or 3) uint8 or uint16.
        size: (height, width) of the networks.
        channels: 1 or 3 of the networks.
        fit: See `fit_to`.
        background: See `pad_to`.

    Returns:
        (height, width, channels) of the same type.
    """
    if channels == 1 and image.shape[-1] == 3:
        image = luma(image)
    fitted = fit_to(image, size, fit, background)
    return np.repeat(fitted, channels, axis=-1) if fitted.shape[-1] < channels else fitted
