"""What a pixel of the training images is in mm, and where it lies: of datasets that were made of volumes."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_stylegan.errors import InputError

NORMALS = {"sagittal": 0, "coronal": 1, "axial": 2}
"""The axis of the body, of right, anterior, superior, that slices of a plane follow one another on."""

FIELDS = ("plane", "spacing_mm", "slice_spacing_mm", "middle_mm")


@dataclass(frozen=True)
class Geometry:
    """The geometry of a dataset's pictures.

    Attributes:
        plane: 'axial', 'coronal' or 'sagittal'.
        spacing_mm: Side of a pixel.
        slice_spacing_mm: Distance of two slices of a volume, the median over the training volumes.
        middle_mm: (x, y, z) of the middle of the pictures, x to the right, y to the front, z upwards: the mean over the
            training volumes, also along the slices.
    """

    plane: str
    spacing_mm: float
    slice_spacing_mm: float
    middle_mm: tuple[float, float, float]

    def affine(self, size: tuple[int, int], first_mm: float | None = None) -> np.ndarray:
        """(4, 4), from (column, row, slice) of a picture of (height, width) pixels to mm.

        The first slice lies at `first_mm`, by default at the middle of the training slices; those after it lie to the
        right, to the front or upwards.

        Columns and rows run against the axes of the body, as `prepare` draws them: the patient's right is on the left.
        """
        normal = NORMALS[self.plane]
        across, down = (axis for axis in range(3) if axis != normal)
        affine = np.zeros((4, 4))
        affine[across, 0] = affine[down, 1] = -self.spacing_mm
        affine[normal, 2] = self.slice_spacing_mm
        middle = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2, 0])
        affine[:3, 3] = np.array(self.middle_mm) - affine[:3, :3] @ middle
        if first_mm is not None:
            affine[normal, 3] = first_mm
        affine[3, 3] = 1
        return affine


def read_geometry(about: Path) -> Geometry | None:
    """The geometry that a dataset.json tells; None if there is no such file, or its images have none.

    Raises:
        InputError: It is damaged.
    """
    try:
        record = json.loads(about.read_bytes())
        # Pictures have none; datasets of the first version did not say it all.
        if any(record.get(name) is None for name in FIELDS):
            return None
        plane, *sides, (x, y, z) = (record[name] for name in FIELDS)
        geometry = Geometry(plane, *map(float, sides), tuple(map(float, (x, y, z))))
        numbers = (geometry.spacing_mm, geometry.slice_spacing_mm, *geometry.middle_mm)
        legal = plane in NORMALS and min(numbers[:2]) > 0 and all(map(math.isfinite, numbers))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"{about} is damaged: copy it from the dataset anew.") from error
    if not legal:
        raise InputError(f"{about} is damaged: its plane, spacing or middle is none. Copy it from the dataset anew.")
    return geometry
