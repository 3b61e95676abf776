"""Checks of image arrays, and one scale for all of them."""

import numpy as np

from keras_stylegan.errors import InputError

BLOCK = 1024
"""Images converted at a time, so that a memory-mapped set is never in memory as a whole."""


def blocks(count: int, size: int = BLOCK):
    """Slices that cover `count` items, at most `size` in each."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def as_float(images: np.ndarray) -> np.ndarray:
    """Images as float32 in [-1, 1].

    Args:
        images: uint8 or uint16 over the full range of the type, or float that is in [-1, 1] already.
    """
    if images.dtype == np.uint8:
        return images.astype(np.float32) * np.float32(2 / 255) - 1
    if images.dtype == np.uint16:
        return images.astype(np.float32) * np.float32(2 / 65535) - 1
    return np.asarray(images, np.float32)


def check_images(images: np.ndarray, name: str) -> None:
    """Refuses what no metric can use.

    Args:
        images: (N, H, W, C) uint8, uint16 or float.
        name: Whose images, for the message.

    Raises:
        InputError: Wrong shape or type, NaN or infinite values, or floats far outside [-1, 1].
    """
    shape = getattr(images, "shape", ())
    if len(shape) != 4 or shape[3] not in (1, 3) or 0 in shape:
        raise InputError(f"{name} must have shape (N, H, W, 1 or 3) with N > 0. Received: {shape}")
    if images.dtype in (np.uint8, np.uint16):
        return
    if not np.issubdtype(images.dtype, np.floating):
        raise InputError(f"{name} must be uint8, uint16 or float in [-1, 1]. Received: {images.dtype}")
    largest = 0.0
    for block in blocks(len(images)):
        finite = np.isfinite(images[block]).all(axis=(1, 2, 3))
        if not finite.all():
            index = block.start + int(np.argmin(finite))
            raise InputError(f"{name} hold NaN or infinite values, first in image {index} of {len(images)}")
        largest = max(largest, float(np.abs(images[block]).max()))
    # A generator may overshoot a little; 0..255 as floats may not pass for [-1, 1].
    if largest > 10:
        raise InputError(f"{name} must be in [-1, 1] where they are floats. Received: a value of size {largest:g}")


def check_same_shape(first: np.ndarray, second: np.ndarray, first_name: str, second_name: str) -> None:
    """Raises `InputError` unless both sets have the same height, width and channels."""
    if first.shape[1:] != second.shape[1:]:
        raise InputError(
            f"{first_name} and {second_name} must have the same height, width and channels. "
            f"Received: {first.shape[1:]} and {second.shape[1:]}"
        )


def resize(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes with a triangle filter that widens when it shrinks (Pillow's BILINEAR), half-pixel centres.

    Args:
        images: float32 (N, H, W, C).
        height: New height.
        width: New width.

    Returns:
        float32 (N, height, width, C).
    """
    if images.shape[1:3] == (height, width):
        return images
    rows, columns = _triangle(images.shape[1], height), _triangle(images.shape[2], width)
    return np.einsum("hi,nijc,wj->nhwc", rows, images, columns, optimize=True)


def _triangle(size: int, new_size: int) -> np.ndarray:
    """Weights (new_size, size) float32 of each old pixel in each new one."""
    scale = size / new_size
    centres = (np.arange(new_size)[:, None] + 0.5) * scale - 0.5
    weights = np.maximum(1 - np.abs(np.arange(size) - centres) / max(scale, 1.0), 0.0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
