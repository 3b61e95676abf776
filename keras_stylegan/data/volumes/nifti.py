"""Reading NIfTI files (.nii, .nii.gz). What a header says in words is not read, so that it can reach no output."""

import logging
import zlib
from pathlib import Path

import numpy as np

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.volume import MOST_BYTES, Volume, canonical, check_spacing
from keras_stylegan.errors import InputError

ENDINGS = (".nii", ".nii.gz")
# Bytes of a header that tell which version of the format and which order of bytes.
VERSIONS = {348: "Nifti1Image", 540: "Nifti2Image"}
MM = {"meter": 1000.0, "micron": 0.001}


def read_nifti(path: Path) -> Volume:
    """Reads a volume; scaled integers, floats, either order of bytes, NIfTI-1 and -2.

    Raises:
        RefusedError: It is damaged, has no orientation, more than one image, or is none of a head; see `canonical`.
    """
    try:
        import nibabel
    except ImportError as error:
        raise InputError("NIfTI files are read by nibabel: pip install nibabel.") from error
    # It tells of odd headers by log lines; a file is either read or refused by name.
    logging.getLogger("nibabel.global").setLevel(logging.CRITICAL + 1)
    content = _content(path)
    kind = next((VERSIONS[size] for order in ("little", "big")
                 if (size := int.from_bytes(content[:4], order)) in VERSIONS), None)  # fmt: skip
    if kind is None:
        raise RefusedError("it is no NIfTI file")
    kind = getattr(nibabel, kind)
    try:
        # As it is in the file: nibabel's own check would put 1 mm for a spacing of 0.
        header = kind.header_class(content[: kind.header_class.template_dtype.itemsize], check=False)
        shape = header.get_data_shape()
        if header.get_data_dtype().kind not in "iuf":
            raise RefusedError("its voxels are no plain numbers (colour or complex)")
        count = int(np.prod(shape, dtype=np.float64))
        bytes_needed = count * header.get_data_dtype().itemsize
        if bytes_needed > MOST_BYTES:
            raise RefusedError(f"it has {'x'.join(map(str, shape))} voxels, too many for a head")
        if len(shape) < 3 or any(side != 1 for side in shape[3:]):
            raise RefusedError(f"it has {len(shape)} dimensions ({'x'.join(map(str, shape))}), expected 3")
        if not (int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0):
            raise RefusedError("it has no orientation (sform_code and qform_code are 0)")
        mm = MM.get(header.get_xyzt_units()[0], 1.0)
        check_spacing(mm * np.abs(np.asarray(header["pixdim"][1:4], np.float64)))
        start = int(header.get_data_offset())
        if start < header.template_dtype.itemsize or len(content) < start + bytes_needed:
            raise RefusedError("it is cut short")
        # The bytes as they are, where nibabel would copy them twice.
        stored = np.frombuffer(content, header.get_data_dtype(), count, start).reshape(shape[:3], order="F")
        voxels = stored.astype(np.float32, copy=False)
        slope, intercept = header.get_slope_inter()
        if (slope, intercept) not in ((None, None), (1.0, 0.0)):
            voxels = voxels * np.float32(slope) + np.float32(intercept)
        affine = header.get_best_affine()
    except RefusedError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # Not its text: that may quote the header.
        raise RefusedError(f"it cannot be read ({type(error).__name__})") from error
    scale = np.diag([mm, mm, mm, 1.0])
    return canonical(voxels, scale @ affine)


def _content(path: Path) -> bytes:
    try:
        # A pipe would keep the reader waiting, a device has no end.
        if path.exists() and not path.is_file():
            raise RefusedError("it is no regular file")
        content = path.read_bytes()
    except OSError as error:
        raise RefusedError(f"it cannot be read ({error.strerror})") from error
    if not content:
        raise RefusedError("it is empty")
    if content[:2] != b"\x1f\x8b":
        return content
    # At once: Python's gzip files go through small buffers, which takes half as long again.
    parts, size = [], 0
    while content:
        unpack = zlib.decompressobj(wbits=31)
        try:
            part = unpack.decompress(content, MOST_BYTES)
        except zlib.error as error:
            raise RefusedError("its gzip compression is damaged") from error
        size += len(part)
        if unpack.unconsumed_tail or size > MOST_BYTES:
            raise RefusedError("it unpacks to more than a scan of a head has")
        if not unpack.eof:
            raise RefusedError("its gzip compression ends too early: it is cut short")
        parts.append(part)
        # Further members, and zeros that tapes and downloads append.
        content = unpack.unused_data.lstrip(b"\0")
        if content and content[:2] != b"\x1f\x8b":
            break
    return parts[0] if len(parts) == 1 else b"".join(parts)
