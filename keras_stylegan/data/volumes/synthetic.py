"""Generated slices as NIfTI files that say of themselves what they are."""

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


def encode_nifti(image: np.ndarray, geometry: Geometry, record: dict[str, Any]) -> bytes:
    """One generated slice as the bytes of a .nii.gz file: (W, H, 1) uint16, always the same for the same arguments.

    The header says that it is synthetic: in `descrip`, in `intent_name`, and in an extension (a comment, JSON).

    Args:
        image: (H, W, 1) float in [-1, 1]; 0 and 65535 of the file are -1 and 1.
        geometry: Of the training images: spacing and affine.
        record: What it was drawn by, for the extension.

    Raises:
        InputError: nibabel is missing.
    """
    try:
        import nibabel
    except ImportError as error:
        raise InputError("NIfTI files are written by nibabel: pip install nibabel.") from error
    pixels = to_integers(image[..., 0], np.uint16)
    affine = geometry.affine(pixels.shape)
    file = nibabel.Nifti1Image(pixels.T[:, :, None], affine)
    file.header.set_xyzt_units("mm")
    file.set_sform(affine, ALIGNED)
    file.set_qform(affine, ALIGNED)
    file.header["descrip"], file.header["intent_name"] = DESCRIPTION, INTENT
    file.header["cal_max"] = np.iinfo(np.uint16).max
    note = {"synthetic": True, "slice_position": UNKNOWN_POSITION, **record}
    file.header.extensions.append(nibabel.nifti1.Nifti1Extension(COMMENT, json.dumps(note).encode()))
    # Without the time of writing, which gzip would note.
    return gzip.compress(file.to_bytes(), mtime=0)
