"""Rotation, scale and translation by fractions of pixels, band-limited: what would alias is filtered out before."""

import math

import numpy as np
from keras import ops

from keras_stylegan.augment.kspace import along_height, along_width, constant, shifted_height, shifted_width

PASS, STOP = 0.4, 0.495
"""Cycles per pixel between which the low-pass filter falls from 1 to 0. Within the circle of 0.495 no step of a
rotation by up to 16 degrees reaches the Nyquist frequency 0.5: a shear stretches it by 1/cos(angle/2) at most."""


def transformed(planes, height, width, angle=None, scale=None, shift=None):
    """Rotate about the centre, then scale the axes, then shift.

    A rotation is three shears (Paeth 1986), each a shift of rows or columns; they are periodic, so that corners come in
    again on the other side, as what lies beyond a scanner's field of view does. Beyond a scaled or shifted image it is
    0, which is black.

    Args:
        planes: (N, M, H, W); all M of a sample change alike.
        height: `Axis` of H.
        width: `Axis` of W.
        angle: (N, 1, 1, 1) radians, or None.
        scale: Of height and width, two (N, 1, 1, 1), above 1 for a larger image; or None.
        shift: Of height and width, two (N, 1, 1, 1) in pixels; or None.
    """
    rows = along_width(planes, width.analysis)
    if angle is not None or scale is not None:
        factors = _low_pass(height, width, angle, scale)
        rows = along_height(along_height(rows, height.analysis) * factors, height.synthesis)
    if angle is not None:
        y, x = (constant(np.arange(axis.n) - (axis.n - 1) / 2) for axis in (height, width))
        by_row = -ops.tan(angle / 2) * y[:, None]
        planes = along_width(shifted_width(rows, width, by_row), width.synthesis)
        columns = shifted_height(along_height(planes, height.analysis), height, ops.sin(angle) * x)
        planes = along_height(columns, height.synthesis)
        rows = shifted_width(along_width(planes, width.analysis), width, by_row)
    if scale is None and shift is None:
        return along_width(rows, width.synthesis)
    (up, across), (down, right) = scale or (1.0, 1.0), shift or (0.0, 0.0)
    planes = ops.matmul(rows, _sampling(width, across, right))
    columns = along_height(planes, height.analysis)
    return ops.matmul(ops.swapaxes(_sampling(height, up, down), 2, 3), columns)


def _sampling(axis, scale, shift):
    """Synthesis (N, 1, 2K, n) at the positions that become the pixels, 0 at those outside."""
    centre = (axis.n - 1) / 2
    offsets = (constant(np.arange(axis.n) - centre) - shift) / scale
    positions = (offsets + centre)[:, :, 0]
    inside = ops.cast(ops.abs(offsets) <= axis.n / 2, "float32")
    return axis.at(positions) * inside


def _low_pass(height, width, angle, scale):
    """(N, 1, 2K_H, 2K_W), 1 for a sample that is neither turned nor scaled."""
    radius = constant(np.hypot(height.both[:, None], width.both))
    smallest, moved = 1.0, False
    if scale is not None:
        smallest = ops.minimum(ops.minimum(scale[0], scale[1]), 1.0)
        moved = ops.logical_or(ops.not_equal(scale[0], 1.0), ops.not_equal(scale[1], 1.0))
    if angle is not None:
        moved = ops.logical_or(moved, ops.not_equal(angle, 0.0))
    # A shrunk image has higher frequencies than before.
    fall = ops.clip((radius / smallest - PASS) / (STOP - PASS), 0.0, 1.0)
    return ops.where(moved, 0.5 + 0.5 * ops.cos(math.pi * fall), 1.0)
