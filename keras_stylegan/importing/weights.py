"""The generator that a file holds, in the names and layouts of `models.reference`."""

import math
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keras_stylegan.importing.pickle_machine import shown

FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
MOST_TENSORS = 10_000
"""Of a network; the largest has about 200."""
MOST_PIXELS = 1024
"""Width of the largest image of a StyleGAN2."""
MOST_PARTS = 1000
"""Of one module in it: tensors, or other modules."""


@dataclass
class Weights:
    """What was found in a file."""

    format: str
    """Which kind of file it is, in words."""
    arrays: dict[str, np.ndarray]
    """The generator's: `mapping.fc0.weight`, `synthesis.b4.const`, ...; float32."""
    conv_clamp: float | None = None
    """Limit of the layers' outputs."""
    sources: dict[str, str] = field(default_factory=dict)
    """Name of a class to the SHA-256 of the source text that the file carries, and that nobody ran."""
    notes: list[str] = field(default_factory=list)
    """What was left out, changed or filled in, a line each."""


def to_arrays(tensors: Mapping[str, Any], file_size: int) -> dict[str, np.ndarray]:
    """Tensors of a file as float32 arrays.

    Args:
        tensors: By name: arrays, or what has a `shape` and gives one by `numpy()`.
        file_size: Bytes of the file: as many elements can be in it at most, and what claims more is no copy of it.

    Raises:
        ValueError: They are too many, no floating-point numbers, or not finite.
    """
    total = sum(math.prod(tensor.shape) for tensor in tensors.values())
    if total > file_size or len(tensors) > MOST_TENSORS:
        raise ValueError(f"its {len(tensors)} tensors claim {total} numbers, and it has {file_size} bytes")
    arrays = {}
    for name, tensor in tensors.items():
        array = tensor if isinstance(tensor, np.ndarray) else tensor.numpy()
        if array.dtype.kind != "f":
            raise ValueError(f"{shown(name)} holds {array.dtype}, not floating-point numbers")
        with np.errstate(over="ignore"):
            array = array.astype(np.float32, copy=False)
        if not np.isfinite(array).all():
            raise ValueError(f"{shown(name)} holds numbers that are not finite")
        arrays[name] = array
    return arrays


def require_few(parts: Any, what: str) -> Any:
    """Parts of a module, which many others may share: with too many, a small file would take hours."""
    if len(parts) > MOST_PARTS:
        raise ValueError(f"one of its networks has {len(parts)} {what}")
    return parts


def take_filters(arrays: dict[str, np.ndarray], endings: Iterable[str]) -> None:
    """Remove the resampling filters, after a look whether they are ours; a constant factor makes no difference.

    Raises:
        ValueError: They are others.
    """
    for name in [name for name in arrays if name.endswith(tuple(endings))]:
        kernel = arrays.pop(name)
        if kernel.shape != FILTER.shape or not np.allclose(kernel / kernel.sum(), FILTER, atol=1e-6):
            raise ValueError(f"{shown(name)} is another filter than [1, 3, 3, 1]")


def require_option(name: str, value: Any, legal: Iterable[Any]) -> None:
    """Raise a `ValueError` unless an option that the network was built with is one that ours have."""
    legal = list(legal)
    if value not in legal:
        # A list can hold itself, or one list a million times.
        received, ours = shown(reprlib.repr(value)), " or ".join(map(str, legal))
        raise ValueError(f"its network was built with {shown(name)} = {received}; ours have {ours}")


def require_limit(value: Any) -> float | None:
    """The limit of a layer's outputs: a number, or None for none."""
    if value is not None and type(value) not in (int, float):
        raise ValueError(f"its layers are limited to a {type(value).__name__}, no number")
    return value


def fill_noise(weights: Weights) -> None:
    """Give every convolution its noise: a network without it has strength 0, and maps that a file leaves out are drawn.

    Maps are buffers, and no result of training: other ones are as good.
    """
    drawn = 0
    random = np.random.default_rng(0)
    for name in [name for name in weights.arrays if name.endswith((".conv0.affine.weight", ".conv1.affine.weight"))]:
        layer = name.removesuffix(".affine.weight")
        strength = weights.arrays.setdefault(f"{layer}.noise_strength", np.zeros((), np.float32))
        if f"{layer}.noise_const" not in weights.arrays:
            size = int(layer.split(".")[1].removeprefix("b"))
            if size > MOST_PIXELS:
                raise ValueError(f"{shown(layer)} is of more than {MOST_PIXELS} pixels")
            weights.arrays[f"{layer}.noise_const"] = random.normal(size=(size, size)).astype(np.float32)
            drawn += bool(strength)
    if drawn:
        weights.notes.append(f"{drawn} constant noise maps are not in the file: drawn anew")
