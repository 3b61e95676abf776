"""A volume in canonical axes."""

from dataclasses import dataclass

import numpy as np

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.options import SPACING_MM

LEAST_SIDE = 2
MOST_SHEAR_DEGREES = 0.5
"""By which two axes of the voxels may miss a right angle: less than 2 mm over the 200 mm of a head, and far more than
the rounding of a header's numbers makes."""
MOST_BYTES = 2**31
"""Of the voxels of one volume; more is no scan of a head."""


@dataclass(frozen=True)
class Volume:
    """Voxels along the axes right, anterior, superior: index 0 is leftmost, most posterior, most inferior.

    Attributes:
        voxels: (X, Y, Z) float32, finite.
        affine: (4, 4), voxel indices to mm.
        tilt_degrees: Largest angle between an axis of the voxels and the axis of the body it stands for.
    """

    voxels: np.ndarray
    affine: np.ndarray
    tilt_degrees: float

    @property
    def spacing(self) -> np.ndarray:
        """(3,) sides of a voxel in mm."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    def position_mm(self, axis: int) -> np.ndarray:
        """Coordinate in mm, along an axis of the body, of the middle of every slice across this axis."""
        middle = (np.array(self.voxels.shape) - 1) / 2
        points = np.repeat(middle[None], self.voxels.shape[axis], axis=0)
        points[:, axis] = np.arange(self.voxels.shape[axis])
        return points @ self.affine[axis, :3] + self.affine[axis, 3]


def canonical(voxels: np.ndarray, affine: np.ndarray) -> Volume:
    """Flips and exchanges axes so that they are nearest to right, anterior, superior; nothing is interpolated.

    Args:
        voxels: (I, J, K) numbers.
        affine: (4, 4), indices to mm, x to the right, y to the front, z upwards.

    Raises:
        RefusedError: The affine is singular or sheared, or its voxels are of no plausible size; voxels are NaN or
            infinite.
    """
    if voxels.ndim != 3 or min(voxels.shape) < LEAST_SIDE:
        raise RefusedError(f"it has {'x'.join(map(str, voxels.shape))} voxels, which is no volume")
    voxels = voxels.astype(np.float32, copy=False)
    # One pass instead of a mask: any NaN or infinity makes a sum one; a true overflow is looked at again.
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(in_memory_order(voxels)[0].sum(axis=0)).all() or np.isfinite(voxels).all()
    if not finite:
        raise RefusedError("it has NaN or infinite voxels")
    affine = np.asarray(affine, np.float64)
    if not np.isfinite(affine).all():
        raise RefusedError("its affine is not finite")
    sides = np.linalg.norm(affine[:3, :3], axis=0)
    check_spacing(sides)
    directions = affine[:3, :3] / sides
    if abs(np.linalg.det(directions)) < 0.1:
        raise RefusedError("its affine is singular: two axes of the voxels have one direction")
    cosines = np.abs(np.triu(directions.T @ directions, 1))
    shear = float(np.degrees(np.arcsin(min(1.0, cosines.max()))))
    if shear > MOST_SHEAR_DEGREES:
        raise RefusedError(
            f"its voxels are sheared: two of their axes meet at {90 - shear:.3g} degrees, not at 90 (a tilted gantry, "
            "or an affine registration); resample it to right angles first"
        )
    order = _axes(directions)
    flips = [directions[axis, order[axis]] < 0 for axis in range(3)]
    change = np.eye(4)
    change[:3, :3] = 0
    for axis, (source, flip) in enumerate(zip(order, flips, strict=True)):
        change[source, axis] = -1 if flip else 1
        change[source, 3] = voxels.shape[source] - 1 if flip else 0
    turned = voxels.transpose(order)[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    cosines = [abs(directions[axis, order[axis]]) for axis in range(3)]
    return Volume(turned, affine @ change, float(np.degrees(np.arccos(min(1.0, min(cosines))))))


def check_spacing(sides: np.ndarray) -> None:
    """Raise a `RefusedError` for sides of voxels in mm that no scan has."""
    least, most = SPACING_MM
    if not all(least <= side <= most for side in sides):
        shown = " x ".join(f"{side:g}" for side in sides)
        raise RefusedError(f"its voxels are {shown} mm, expected {least:g} to {most:g}")


def in_memory_order(voxels: np.ndarray) -> tuple[np.ndarray, list[int], list[slice]]:
    """A view with axes exchanged and turned so that memory is gone through forwards; which axes, and how turned."""
    axes = sorted(range(voxels.ndim), key=lambda axis: -abs(voxels.strides[axis]))
    forwards = [slice(None, None, -1 if voxels.strides[axis] < 0 else 1) for axis in axes]
    return voxels.transpose(axes)[tuple(forwards)], axes, forwards


def _axes(directions: np.ndarray) -> list[int]:
    """For each axis of the body the axis of the voxels that is nearest to it, each used once."""
    left = np.abs(directions)
    order = [0, 0, 0]
    for _ in range(3):
        axis, source = np.unravel_index(np.argmax(left), left.shape)
        order[axis] = int(source)
        left[axis, :] = -1
        left[:, source] = -1
    return order
