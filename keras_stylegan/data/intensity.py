"""Pixel values: integers of the files to floats of the networks and back."""

import numpy as np

from keras_stylegan.errors import InputError


def to_float(images: np.ndarray) -> np.ndarray:
    """Maps the full range of the integer type linearly to [-1, 1].

    Args:
        images: uint8 or uint16 array of any shape.

    Returns:
        float32 array: v / 127.5 - 1 for uint8, v / 32767.5 - 1 for uint16.

    Raises:
        InputError: Another type.
    """
    result = images.astype(np.float32)
    result *= np.float32(1.0 / _half_range(images.dtype))
    result -= np.float32(1.0)
    return result


def to_integers(images: np.ndarray, dtype: np.typing.DTypeLike = np.uint8) -> np.ndarray:
    """The inverse of `to_float`: rounds to the nearest integer and clips to the range of the type.

    Args:
        images: Float array of any shape, about [-1, 1]; must be finite.
        dtype: uint8 or uint16.

    Returns:
        Array of type `dtype`.

    Raises:
        InputError: `dtype` is another type.
    """
    half = _half_range(dtype)
    # float64: float32 has no room for a 16-bit value plus the half that rounding needs.
    return np.clip(np.rint((np.asarray(images, np.float64) + 1.0) * half), 0, 2 * half).astype(dtype)


def _half_range(dtype: np.typing.DTypeLike) -> float:
    if np.dtype(dtype) not in (np.uint8, np.uint16):
        raise InputError(f"pixels must be uint8 or uint16. Received: {np.dtype(dtype)}")
    return np.iinfo(dtype).max / 2
