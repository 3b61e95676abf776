"""Images to PNG and GIF files.

Every function takes float images in [-1, 1], channels last, with 1 (grey) or 3 (RGB) channels. A file is written
under a temporary name and renamed, so that nobody ever sees half a picture.
"""

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image

from keras_stylegan.atomic import replace_file
from keras_stylegan.data.intensity import to_integers
from keras_stylegan.errors import InputError

SHEET_PIXELS = 1024
"""Longer side of a picture that people look at: small images are enlarged up to it."""


def encode_png(image: np.ndarray, bits: int = 8) -> bytes:
    """One image as the bytes of a PNG file.

    Args:
        image: (H, W, C) float in [-1, 1]; values outside are clipped.
        bits: 8, or 16 for grey images (PNG readers rarely support 16-bit colour).

    Raises:
        InputError: `bits` is neither 8 nor 16, or is 16 for an RGB image.
    """
    buffer = io.BytesIO()
    _to_pillow(image, bits).save(buffer, format="PNG")
    return buffer.getvalue()


def save_image(path: Path, image: np.ndarray, bits: int = 8) -> None:
    """Writes one image as PNG.

    Args:
        path: The file, usually ending in `.png`.
        image: (H, W, C) float in [-1, 1].
        bits: 8 or 16 (grey only) bits per channel.

    Raises:
        InputError: The file cannot be written, or bits and channels do not go together.
    """
    replace_file(path, encode_png(image, bits), sync=False)


def grid_columns(count: int) -> int:
    """Columns of a grid of `count` images: about square, and without empty cells where that is possible."""
    square = math.ceil(math.sqrt(count))
    return next((columns for columns in range(square, 2 * square) if count % columns == 0), square)


def tile(images: np.ndarray, columns: int | None = None, pad: int = 0) -> np.ndarray:
    """Arranges images in a grid, row by row.

    Args:
        images: (N, H, W, C) float in [-1, 1].
        columns: Images per row; by default `grid_columns`.
        pad: Pixels of black between two images.

    Returns:
        (rows·(H+pad) − pad, columns·(W+pad) − pad, C) array of the images' dtype; missing images are black (−1).
    """
    count, height, width, channels = images.shape
    columns = grid_columns(count) if columns is None else columns
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height + pad, width + pad, channels), -1, images.dtype)
    cells[:count, :height, :width] = images
    grid = cells.reshape(rows, columns, height + pad, width + pad, channels).swapaxes(1, 2)
    grid = grid.reshape(rows * (height + pad), columns * (width + pad), channels)
    return grid[: grid.shape[0] - pad, : grid.shape[1] - pad]


def enlarge(image: np.ndarray) -> np.ndarray:
    """Repeats every pixel as often as fits into `SHEET_PIXELS`: 64 images of 32x32 would be a postage stamp.

    Args:
        image: (H, W, C), of any type.

    Returns:
        (k·H, k·W, C), k a whole number of at least 1.
    """
    factor = max(1, SHEET_PIXELS // max(image.shape[:2]))
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def save_grid(path: Path, images: np.ndarray, columns: int | None = None, pad: int = 0) -> None:
    """Writes the grid of `tile`, enlarged, as one 8-bit PNG.

    Args:
        path: The file.
        images: (N, H, W, C) float in [-1, 1].
        columns: Images per row; by default `grid_columns`.
        pad: Pixels of black between two images.

    Raises:
        InputError: The file cannot be written.
    """
    save_image(path, enlarge(tile(images, columns, pad)))


def save_gif(path: Path, frames: np.ndarray, seconds_per_frame: float) -> None:
    """Writes an animation that repeats for ever.

    Args:
        path: The file, ending in `.gif`.
        frames: (N, H, W, C) float in [-1, 1]. Grey levels are kept exactly; RGB is reduced to 256 colours a frame.
        seconds_per_frame: Rounded to hundredths, GIF's unit of time.

    Raises:
        InputError: The file cannot be written.
    """
    first, *others = (_to_pillow(frame, 8) for frame in frames)
    buffer = io.BytesIO()
    milliseconds = 10 * max(1, round(100 * seconds_per_frame))
    first.save(buffer, format="GIF", save_all=True, append_images=others, duration=milliseconds, loop=0)
    replace_file(path, buffer.getvalue(), sync=False)


def _to_pillow(image: np.ndarray, bits: int) -> Image.Image:
    if bits not in (8, 16):
        raise InputError(f"bits must be 8 or 16. Received: {bits!r}")
    channels = image.shape[-1]
    if bits == 16 and channels != 1:
        raise InputError(f"16-bit PNG files are grey only, use 8 bits or npy. Received: {channels} channels")
    pixels = to_integers(image, np.uint8 if bits == 8 else np.uint16)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
