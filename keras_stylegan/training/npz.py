"""Arrays and a JSON record in one uncompressed .npz file: written whole or not at all, read without trusting a byte.

Every member carries a CRC-32, and one of them lists the arrays. So any flipped or missing byte is found; what a header
claims is held against the bytes that are there before memory is taken for it.
"""

import io
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from keras_stylegan.atomic import replacing

RECORD = "record.json"
NAMES = "arrays.json"
"""Member that lists the names of all arrays."""
ENCRYPTED = 0x1
"""Bit of a member's flags."""


def write(path: Path, arrays: dict[str, np.ndarray], record: str) -> None:
    """Write a file: after a kill or an error there is either the whole file or what was there before.

    Args:
        path: The file.
        arrays: By name.
        record: JSON that goes with them.

    Raises:
        InputError: It cannot be written.
    """
    with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(RECORD, record)
        archive.writestr(NAMES, json.dumps(list(arrays)))
        for name, array in arrays.items():
            with archive.open(name + ".npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def read(path: Path, wanted: Callable[[str], bool]) -> tuple[dict[str, np.ndarray], bytes]:
    """Read (arrays, JSON of the record).

    Args:
        path: File of `write`.
        wanted: Asked for every name whether to read that array.

    Raises:
        ValueError: The file is damaged or cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, path.stat().st_size, wanted)
    except ValueError:
        raise
    except Exception as error:
        # What zipfile, numpy and json raise on arbitrary bytes is not said anywhere: BadZipFile, OSError, EOFError,
        # KeyError, NotImplementedError, RuntimeError, TokenError, TypeError, RecursionError, MemoryError, ...
        raise ValueError(str(error) or type(error).__name__) from error


def _read(archive: zipfile.ZipFile, size: int, wanted: Callable[[str], bool]) -> tuple[dict[str, np.ndarray], bytes]:
    members = {info.filename: info for info in archive.infolist()}
    names = json.loads(_content(archive, members[NAMES], size))
    if sorted([RECORD, NAMES, *(f"{name}.npy" for name in names)]) != sorted(archive.namelist()):
        raise ValueError(f"its members are not those of {NAMES}")
    record = _content(archive, members[RECORD], size)
    arrays = {name: _array(_content(archive, members[f"{name}.npy"], size)) for name in names if wanted(name)}
    return arrays, record


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> bytes:
    """The bytes of a member, whose CRC is checked."""
    if info.flag_bits & ENCRYPTED or info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{info.filename} is encrypted or compressed")
    if info.compress_size != info.file_size or info.file_size > size:
        raise ValueError(f"{info.filename} has {info.file_size} bytes by its header, the whole file {size}")
    return archive.read(info)


def _array(content: bytes) -> np.ndarray:
    """The array of the bytes of an .npy file."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("unknown version of .npy")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in "biuf":
        raise ValueError(f"an array holds {dtype}")
    start = file.tell()
    if math.prod(shape) * dtype.itemsize != len(content) - start:
        raise ValueError(f"an array of shape {shape} and type {dtype} has {len(content) - start} bytes")
    # A copy, because the bytes cannot be written to.
    flat = np.frombuffer(content, dtype, offset=start).copy()
    return flat.reshape(shape, order="F" if is_fortran else "C")
