"""numpy's arrays and numbers in a pickle, from the parts that their pickles have."""

import functools
import math
from typing import Any

import numpy as np

from keras_stylegan.importing.pickle_machine import Budget, Known, name_of, shown
from keras_stylegan.importing.torch_tensors import MOST_AXES

TYPES = {"b1", *("i1", "i2", "i4", "i8"), *("u1", "u2", "u4", "u8"), *("f2", "f4", "f8")}
LATIN_1 = ("latin1", "latin-1")


class Dtype:
    """A type of numbers, whose byte order comes with its state."""

    def __init__(self, code: Any, *_: Any) -> None:
        # The hash of nested tuples would go to their bottom.
        if type(code) is not str or code not in TYPES:
            raise ValueError(f"an array holds {shown(code)}, which are no numbers")
        self.code, self.order = code, "="

    def build(self, state: Any) -> None:
        """Take (version, byte order, ...)."""
        if state[1] not in ("<", ">", "=", "|"):
            raise ValueError("a type of numbers has no byte order")
        self.order = state[1]

    def numpy(self) -> np.dtype:
        """As numpy has it."""
        return np.dtype(self.order + self.code)


class Array:
    """An array, empty until its state comes."""

    def __init__(self, budget: Budget, kind: Any, *_: Any) -> None:
        if name_of(kind) != "numpy.ndarray":
            raise ValueError("an array is of a class of its own")
        self.shape: tuple[int, ...] = (0,)
        self._budget = budget
        self._values = np.zeros(0, np.float32)

    def build(self, state: Any) -> None:
        """Take (version, shape, type, Fortran order?, bytes); checked before memory is taken."""
        _, shape, dtype, is_fortran, raw = state
        raw = _encode(self._budget, raw, LATIN_1[0]) if type(raw) is str else raw
        if type(shape) is not tuple or len(shape) > MOST_AXES:
            raise ValueError("an array has a shape that is none")
        if any(type(size) is not int or not 0 <= size < 2**48 for size in shape):
            raise ValueError("an array has a size that is none")
        if not isinstance(dtype, Dtype) or type(raw) not in (bytes, bytearray):
            raise ValueError("an array is not made of bytes")
        kind = dtype.numpy()
        if math.prod(shape) * kind.itemsize != len(raw):
            raise ValueError(f"an array of shape {'x'.join(map(str, shape))} and type {kind} has {len(raw)} bytes")
        self._values = np.frombuffer(raw, kind).reshape(shape, order="F" if is_fortran is True else "C")
        self.shape = shape

    def numpy(self) -> np.ndarray:
        """The array."""
        return self._values


def _scalar(dtype: Any, raw: Any) -> Any:
    kind = dtype.numpy()
    if len(raw) != kind.itemsize:
        raise ValueError(f"a number of type {kind} has {len(raw)} bytes")
    raw = raw.encode("latin-1") if type(raw) is str else raw
    return np.frombuffer(raw, kind)[0].item()


def _encode(budget: Budget, text: Any, code: Any) -> bytes:
    """Bytes, as Python 3 wrote them for Python 2."""
    if type(text) is not str or code not in LATIN_1:
        raise ValueError("bytes are written in another code than Latin-1")
    budget.copy(len(text))
    return text.encode("latin-1")


def _ndarray(*_: Any) -> Any:
    raise ValueError("an array is made without its parts")


def known(budget: Budget) -> Known:
    """Names in what numpy pickles."""
    return {
        "numpy.dtype": Dtype,
        "numpy.ndarray": _ndarray,
        "_codecs.encode": functools.partial(_encode, budget),
        **{
            f"numpy.{core}.multiarray.{name}": function
            for core in ("core", "_core")
            for name, function in (("_reconstruct", functools.partial(Array, budget)), ("scalar", _scalar))
        },
    }
