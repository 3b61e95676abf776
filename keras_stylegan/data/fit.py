"""Making an image square and resizing it, with the aspect ratio kept."""

import numpy as np
from PIL import Image

from keras_stylegan.errors import InputError


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


def pad_to_square(image: np.ndarray, background: int | None = None) -> np.ndarray:
    """Centres an image on a square of its longer side.

    Args:
        image: (H, W, C) uint8 or uint16.
        background: Value around it, in the values of the file; None for the median of its border.

    Returns:
        (S, S, C) with S = max(H, W), of the same type.

    Raises:
        InputError: `background` is outside the range of the type.
    """
    height, width, channels = image.shape
    if height == width:
        return image
    most = np.iinfo(image.dtype).max
    if background is not None and background > most:
        raise InputError(f"data.background must be at most {most} for {image.dtype} images. Received: {background}")
    side = max(height, width)
    square = np.empty((side, side, channels), image.dtype)
    square[:] = border_median(image) if background is None else background
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = image
    return square


def crop_to_square(image: np.ndarray) -> np.ndarray:
    """The centre square of an image.

    Args:
        image: (H, W, C).

    Returns:
        (S, S, C) with S = min(H, W).
    """
    height, width, _ = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def resize(image: np.ndarray, resolution: int) -> np.ndarray:
    """Resizes a square image with an antialiasing Lanczos filter.

    16-bit images are filtered in floating point, so nothing is quantised to 8 bits on the way.

    Args:
        image: (S, S, C) uint8 or uint16.
        resolution: Side of the result in pixels.

    Returns:
        (resolution, resolution, C) of the same type.
    """
    if image.shape[0] == resolution:
        return np.ascontiguousarray(image)
    size = (resolution, resolution)
    most = np.iinfo(image.dtype).max
    planes = []
    for channel in range(image.shape[-1]):
        plane = Image.fromarray(np.ascontiguousarray(image[..., channel], np.float32 if most > 255 else np.uint8))
        resized = np.asarray(plane.resize(size, Image.Resampling.LANCZOS))
        planes.append(np.clip(np.rint(resized), 0, most).astype(image.dtype))
    return np.stack(planes, axis=-1)


def fit_square(image: np.ndarray, resolution: int, fit: str = "pad", background: int | None = None) -> np.ndarray:
    """Makes an image square by `fit` ('pad' or 'crop') and resizes it.

    Args:
        image: (H, W, C) uint8 or uint16.
        resolution: Side of the result in pixels.
        fit: 'pad' keeps everything, 'crop' keeps the centre.
        background: See `pad_to_square`.

    Returns:
        (resolution, resolution, C) of the same type.
    """
    return resize(crop_to_square(image) if fit == "crop" else pad_to_square(image, background), resolution)


def enlarges(height: int, width: int, resolution: int, fit: str) -> bool:
    """Whether `fit_square` has to make up pixels: the side that becomes `resolution` is shorter than it."""
    return (min if fit == "crop" else max)(height, width) < resolution


def luma(image: np.ndarray) -> np.ndarray:
    """Grey value of a colour image, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded.

    Args:
        image: (..., 3) uint8 or uint16.

    Returns:
        (..., 1) of the same type.
    """
    weights = np.array([0.299, 0.587, 0.114])
    return np.rint(image @ weights).astype(image.dtype)[..., None]
