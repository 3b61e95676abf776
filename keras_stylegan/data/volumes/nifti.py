"""Reading NIfTI files (.nii, .nii.gz). What a header says in words is not read, so that it can reach no output."""

import logging
import math
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.data.decode import RefusedError
from keras_stylegan.data.volumes.volume import MOST_BYTES, Volume, canonical, check_spacing
from keras_stylegan.errors import InputError

ENDINGS = (".nii", ".nii.gz")
# Bytes of a header that tell which version of the format and which order of bytes.
VERSIONS = {348: "Nifti1Image", 540: "Nifti2Image"}
GZIP = b"\x1f\x8b"
PIECE = 2**16
MOST_RATIO = 1032
"""No byte of a gzip file unpacks to more (zlib's technical details)."""
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
    packed = _packed(path)
    pieces = _pieces(packed)
    beginning = b""
    while len(beginning) < max(VERSIONS) and (piece := next(pieces, b"")):
        beginning += piece
    kind = next((VERSIONS[size] for order in ("little", "big")
                 if (size := int.from_bytes(beginning[:4], order)) in VERSIONS), None)  # fmt: skip
    if kind is None:
        raise RefusedError("it is no NIfTI file")
    kind = getattr(nibabel, kind)
    try:
        # As it is in the file: nibabel's own check would put 1 mm for a spacing of 0.
        header = kind.header_class(beginning[: kind.header_class.template_dtype.itemsize], check=False)
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
        if start < header.template_dtype.itemsize or bytes_needed > MOST_RATIO * len(packed):
            raise RefusedError("it is cut short")
        # The bytes as they are, where nibabel would copy them twice.
        stored = _bytes(chain([beginning], pieces), start, bytes_needed).view(header.get_data_dtype())
        stored = stored.reshape(shape[:3], order="F")
        voxels = stored.astype(np.float32, copy=False)
        slope, intercept = _scaling(header)
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


def _scaling(header: Any) -> tuple[float | None, float | None]:
    """Slope and intercept; None for both if the slope is 0 or NaN, which the format and nibabel take for no scaling."""
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if math.isinf(slope) or (slope and not math.isnan(slope) and not math.isfinite(intercept)):
        raise RefusedError(f"its scaling is not finite (scl_slope {slope:g}, scl_inter {intercept:g})")
    return header.get_slope_inter()


def _packed(path: Path) -> bytes:
    try:
        # A pipe would keep the reader waiting, a device has no end.
        if path.exists() and not path.is_file():
            raise RefusedError("it is no regular file")
        content = path.read_bytes()
    except OSError as error:
        raise RefusedError(f"it cannot be read ({error.strerror})") from error
    if not content:
        raise RefusedError("it is empty")
    return content


def _pieces(packed: bytes) -> Iterator[bytes]:
    """The content of a file in order; what is packed by gzip is unpacked.

    Unpacked at once, a volume would be put together from blocks in fresh memory, which costs as much as the unpacking.
    """
    if packed[:2] != GZIP:
        yield from (packed[start : start + PIECE] for start in range(0, len(packed), PIECE))
        return
    while packed[:2] == GZIP:
        unpack = zlib.decompressobj(wbits=31)
        start = 0
        while start < len(packed) and not unpack.eof:
            try:
                yield unpack.decompress(packed[start : start + PIECE])
            except zlib.error as error:
                raise RefusedError("its gzip compression is damaged") from error
            start += PIECE
        if not unpack.eof:
            raise RefusedError("its gzip compression ends too early: it is cut short")
        # Further members, and zeros that tapes and downloads append.
        packed = (unpack.unused_data + packed[start:]).lstrip(b"\0")


def _bytes(pieces: Iterable[bytes], start: int, count: int) -> np.ndarray:
    """(count,) uint8 from the place `start` on; goes on to the last piece, behind which the checksum was right."""
    found = np.empty(count, np.uint8)
    size = 0
    for piece in pieces:
        part = piece[max(0, start - size) : max(0, start + count - size)]
        if part:
            place = max(0, size - start)
            found[place : place + len(part)] = np.frombuffer(part, np.uint8)
        size += len(piece)
        if size > MOST_BYTES:
            raise RefusedError("it unpacks to more than a scan of a head has")
    if size < start + count:
        raise RefusedError("it is cut short")
    return found
