"""Reading volumes from numpy files, which know no geometry: it is told by options."""

from pathlib import Path

import numpy as np

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.volume import MOST_BYTES, Volume, canonical

ENDING = ".npy"
DIRECTIONS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
"""Axis of the body and sign of a letter: where the indices of an array's axis grow to."""


def read_npy(path: Path, options: VolumeOptions) -> Volume:
    """Reads an array (I, J, K) of plain numbers; 0 mm is its lowest corner.

    Raises:
        RefusedError: It is damaged or no such array, its geometry was not told, or see `canonical`.
    """
    if options.npy_spacing is None or options.npy_axes is None:
        raise RefusedError(
            "a npy file has no spacing and no orientation: give them by --npy-spacing 1 1 1 --npy-axes RAS"
        )
    try:
        # A pipe would keep the reader waiting, a device has no end.
        if not path.is_file():
            raise RefusedError("it is no regular file")
        # Mapped, so that a header which promises more than there is, or than fits, is found out by its size.
        stored = np.lib.format.open_memmap(path, mode="r")
        if stored.dtype.kind not in "biuf":
            raise RefusedError("its values are no plain numbers")
        if stored.nbytes > MOST_BYTES:
            raise RefusedError(f"it has {'x'.join(map(str, stored.shape))} voxels, too many for a head")
        if stored.ndim != 3:
            raise RefusedError(f"it has {stored.ndim} dimensions ({'x'.join(map(str, stored.shape))}), expected 3")
        voxels = np.array(stored, np.float32)
    except (RefusedError, MemoryError):
        raise
    except Exception as error:  # A damaged header can raise nearly anything.
        raise RefusedError(f"it cannot be read as an array of numbers ({type(error).__name__})") from error
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for place, (letter, side) in enumerate(zip(options.npy_axes.upper(), options.npy_spacing, strict=True)):
        axis, sign = DIRECTIONS[letter]
        affine[axis, place] = sign * side
        affine[axis, 3] = 0 if sign > 0 else (voxels.shape[place] - 1) * side
    return canonical(voxels, affine)
