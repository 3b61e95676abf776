"""Pixels that move or go as they are: mirror image, whole shifts, cut-out."""

import numpy as np
from keras import ops

from keras_stylegan.augment.kspace import constant


def flipped(planes, mirror):
    """Mirror (N, M, H, W) left to right where `mirror` (N, 1, 1, 1) is true."""
    return ops.where(mirror, ops.flip(planes, axis=3), planes)


def shifted(planes, down, right):
    """Shift (N, M, H, W) by whole pixels (N, 1, 1, 1), any sign; black, 0, comes in."""
    height, width = planes.shape[2:]
    return ops.matmul(ops.swapaxes(_moving(height, down), 2, 3), ops.matmul(planes, _moving(width, right)))


def _moving(n, distance):
    """(N, 1, n, n), zeros and ones: pixel j goes to j + distance."""
    j = constant(np.arange(n))
    return ops.cast(ops.equal(j[:, None] + ops.round(distance), j), "float32")


def cut_out(planes, y, x, size):
    """Blacken a rectangle.

    Args:
        planes: (N, M, H, W).
        y: (N, 1, 1, 1): its centre, -1 to 1 from edge to edge.
        x: The same along the width.
        size: (N, 1, 1, 1): its sides as shares of those of the image.
    """
    inside = [
        ops.abs(constant(np.reshape((np.arange(n) + 0.5) * 2 / n - 1, shape)) - centre) < size
        for n, shape, centre in ((planes.shape[2], (-1, 1), y), (planes.shape[3], (1, -1), x))
    ]
    return ops.where(ops.logical_and(*inside), 0.0, planes)
