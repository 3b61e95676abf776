"""Generated slices and stacks of them as NIfTI files that say of themselves what they are."""

import gzip
import json
from typing import Any

import numpy as np

from keras_stylegan.data.geometry import Geometry
from keras_stylegan.data.intensity import to_integers
from keras_stylegan.errors import InputError

DESCRIPTION = b"SYNTHETIC image by keras-stylegan, not a scan"
INTENT = b"synthetic"
ALIGNED = 2
"""NIFTI_XFORM_ALIGNED_ANAT: coordinates like those of other images, not of a scanner."""
COMMENT = 6
"""NIFTI_ECODE_COMMENT."""
UNKNOWN_POSITION = "not known to the generator: it lies at the middle of the training slices"


def encode_nifti(
    slices: np.ndarray, geometry: Geometry, record: dict[str, Any], first_mm: float | None = None
) -> bytes:
    """Generated slices as the bytes of a .nii.gz file: (W, H, S) uint16, always the same for the same arguments.

    The header says that it is synthetic: in `descrip`, in `intent_name`, and in an extension (a comment, JSON).

    Args:
        slices: (S, H, W, 1) float in [-1, 1], at the distance of the geometry; 0 and 65535 of the file are -1 and 1.
        geometry: Of the training images: spacing and affine.
        record: What they were drawn by, for the extension.
        first_mm: Where the first one lies; None if nobody knows, and it is written at the middle of the training set.

    Raises:
        InputError: nibabel is missing.
    """
    try:
        import nibabel
    except ImportError as error:
        raise InputError("NIfTI files are written by nibabel: pip install nibabel.") from error
    pixels = to_integers(slices[..., 0], np.uint16)
    affine = geometry.affine(pixels.shape[1:], first_mm)
    file = nibabel.Nifti1Image(pixels.transpose(2, 1, 0), affine)
    file.header.set_xyzt_units("mm")
    file.set_sform(affine, ALIGNED)
    file.set_qform(affine, ALIGNED)
    file.header["descrip"], file.header["intent_name"] = DESCRIPTION, INTENT
    file.header["cal_max"] = np.iinfo(np.uint16).max
    place = UNKNOWN_POSITION if first_mm is None else f"{first_mm:g} mm, the first of {len(slices)}"
    note = {"synthetic": True, "slice_position": place, **record}
    file.header.extensions.append(nibabel.nifti1.Nifti1Extension(COMMENT, json.dumps(note).encode()))
    # Without the time of writing, which gzip would note.
    return gzip.compress(file.to_bytes(), mtime=0)
