"""PyTorch's tensors in a file, without PyTorch: a storage of numbers, and views by offset, sizes and strides."""

import functools
import math
from typing import Any

import numpy as np

from keras_stylegan.importing.pickle_machine import Budget, Inert, Known, name_of, require_key, shown

DTYPES = {
    "Double": "<f8", "Float": "<f4", "Half": "<f2", "BFloat16": "bfloat16", "Long": "<i8", "Int": "<i4",
    "Short": "<i2", "Char": "<i1", "Byte": "<u1", "Bool": "<u1",
}  # fmt: skip
"""First part of a storage's class to the type of its numbers."""
MOST_AXES = 8


def item_bytes(dtype: str) -> int:
    """Bytes of one number of a type of `DTYPES`."""
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize


def decode(raw: Any, dtype: str) -> np.ndarray:
    """Bytes as numbers, without a copy but for bfloat16, which numpy does not have: it is the upper half of a float."""
    if dtype == "bfloat16":
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(raw, dtype)


class Storage:
    """Numbers in a row.

    Args:
        dtype: A value of `DTYPES`.
        count: How many there are.
    """

    def __init__(self, dtype: str, count: int) -> None:
        self.dtype, self.count = dtype, count
        self._raw: Any = None
        self._numbers: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return self.count * item_bytes(self.dtype)

    def fill(self, raw: Any) -> None:
        """Give it its bytes, which some formats hold behind everything else."""
        if len(raw) != self.size:
            raise ValueError(f"a storage of {self.count} numbers has {len(raw)} bytes, not {self.size}")
        self._raw = raw

    def numbers(self) -> np.ndarray:
        """All of them, (count,)."""
        if self._raw is None:
            raise ValueError("a storage has no content")
        if self._numbers is None:
            # Once: thousands of tensors may be views of it.
            self._numbers = decode(self._raw, self.dtype)
        return self._numbers


class Tensor:
    """A view of a storage, checked to lie within it and to have no more elements than it.

    Args:
        storage: The numbers.
        offset: Of its first element.
        shape: Sizes.
        strides: In elements.
    """

    def __init__(self, storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        if not isinstance(storage, Storage):
            raise ValueError(f"a tensor is made of a {shown(storage)}, not of a storage")
        for numbers in (shape, strides):
            if type(numbers) is not tuple or len(numbers) > MOST_AXES:
                raise ValueError("a tensor has sizes or strides that are none")
            for number in numbers:
                _require_count(number, "a size or stride of a tensor")
        _require_count(offset, "the offset of a tensor")
        if len(shape) != len(strides):
            raise ValueError(f"a tensor has {len(shape)} sizes and {len(strides)} strides")
        last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
        if math.prod(shape) > storage.count or (math.prod(shape) and last >= storage.count):
            raise ValueError(f"a tensor of shape {_short(shape)} reaches beyond its storage of {storage.count} numbers")
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides

    def numpy(self) -> np.ndarray:
        """The elements: a view wherever numpy has the type."""
        numbers = self.storage.numbers()[self.offset :]
        strides = tuple(stride * numbers.itemsize for stride in self.strides)
        return np.lib.stride_tricks.as_strided(numbers, self.shape, strides, writeable=False)


def _require_count(number: Any, what: str) -> None:
    # Beyond 2^48 a product of two leaves what numpy counts in.
    if type(number) is not int or not 0 <= number < 2**48:
        raise ValueError(f"{what} is {shown(str(number)) if type(number) is int else shown(number)}")


def _short(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "()"


def storage_of(name: Any, count: Any) -> Storage:
    """A storage without its content.

    Args:
        name: The class as the pickle names it, such as `torch.FloatStorage`.
        count: Numbers in it.
    """
    _require_count(count, "the length of a storage")
    return Storage(DTYPES[name_of(name).removeprefix("torch.").removesuffix("Storage")], count)


def _rebuild_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    return Tensor(storage, offset, shape, strides)


def _rebuild_parameter(data: Any, *_: Any) -> Any:
    return data


def ordered_dict(budget: Budget, items: Any = ()) -> dict[Any, Any]:
    """An empty dict, or one of pairs."""
    if type(items) not in (list, tuple):
        raise ValueError("an OrderedDict is made of something other than pairs")
    budget.spend(len(items))
    if any(type(pair) not in (list, tuple) or len(pair) != 2 for pair in items):
        raise ValueError("an OrderedDict is made of something other than pairs")
    return {require_key(key): value for key, value in items}


def known(budget: Budget) -> Known:
    """Names in what `torch.save` writes."""
    return {
        "torch._utils._rebuild_parameter": _rebuild_parameter,
        "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
        "collections.OrderedDict": functools.partial(ordered_dict, budget),
        # Options of a training script; only a placeholder is made.
        "argparse.Namespace": Inert,
    }


STORAGES = {f"torch.{name}Storage": Inert for name in DTYPES}
"""Classes of storages, as persistent ids name them."""
