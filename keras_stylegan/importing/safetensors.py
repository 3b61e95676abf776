"""Files of the format safetensors: the length of a JSON header, the header, and the raw numbers."""

import json
import math
from typing import Any

import numpy as np

from keras_stylegan.importing.pickle_machine import Budget, shown
from keras_stylegan.importing.torch_tensors import MOST_AXES, decode, item_bytes

DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "bfloat16", "I64": "<i8", "I32": "<i4", "I16": "<i2",
    "I8": "<i1", "U8": "<u1", "BOOL": "<u1",
}  # fmt: skip
LONGEST_HEADER = 16 * 2**20
"""Bytes; a header of StyleGAN2 has about 30,000."""


def load(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of a file by their names: views of it wherever numpy has the type.

    Raises:
        ValueError: A header that is none, or claims what the file does not have.
    """
    length = int.from_bytes(content[:8], "little")
    if not 2 <= length <= min(LONGEST_HEADER, len(content) - 8):
        raise ValueError(f"its header claims {length} bytes, and the file has {len(content)}")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise ValueError("its header is no JSON") from error
    if type(header) is not dict:
        raise ValueError("its header is no JSON object")
    header.pop("__metadata__", None)
    raw = memoryview(content)[8 + length :]
    # Tensors do not overlap: a few bytes could be copied a million times.
    budget = Budget(copied=len(raw))
    return {name: _array(name, entry, raw, budget) for name, entry in header.items()}


def _array(name: str, entry: Any, raw: memoryview, budget: Budget) -> np.ndarray:
    if type(entry) is not dict or not {"dtype", "shape", "data_offsets"} <= set(entry):
        raise ValueError(f"{shown(name)} is no tensor: it has no dtype, shape and data_offsets")
    shape, offsets, kind = entry["shape"], entry["data_offsets"], entry["dtype"]
    if type(kind) is not str or kind not in DTYPES:
        raise ValueError(f"{shown(name)} has the type {shown(kind)}")
    if type(shape) is not list or len(shape) > MOST_AXES:
        raise ValueError(f"{shown(name)} has a shape that is none")
    if type(offsets) is not list or len(offsets) != 2:
        raise ValueError(f"{shown(name)} has no begin and end")
    start, end = offsets
    if any(type(number) is not int or not 0 <= number < 2**48 for number in (*shape, start, end)):
        raise ValueError(f"{shown(name)} has sizes or offsets that are none")
    size = math.prod(shape) * item_bytes(DTYPES[kind])
    if end - start != size or end > len(raw):
        raise ValueError(f"{shown(name)} needs {size} bytes and is given {start} to {end} of {len(raw)}")
    budget.copy(size)
    return decode(raw[start:end], DTYPES[kind]).reshape(shape)
