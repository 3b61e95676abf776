"""A file of weights, of whichever kind."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.importing import official_pytorch, official_tensorflow, rosinality, safetensors
from keras_stylegan.importing.official_pytorch import PersistentObject
from keras_stylegan.importing.official_tensorflow import TensorFlowNetwork
from keras_stylegan.importing.pickle_machine import Budget, load, shown
from keras_stylegan.importing.torch_file import LEGACY_START, load_legacy, load_zip
from keras_stylegan.importing.torch_tensors import Tensor
from keras_stylegan.importing.weights import Weights, fill_noise, take_filters, to_arrays

LARGEST = 4 * 2**30
"""Bytes; the official files have 400 million at most."""
LONGEST_REASON, LONGEST_NAME = 300, 200
"""Characters that a message shows."""
AVERAGED = ("G_ema", "g_ema")
"""Keys of the averaged generator."""
PICKLE, ZIP = b"\x80", b"PK\x03\x04"
"""Beginnings: of a pickle from protocol 2 on, and of a zip archive."""
PREFIXES = ("G_ema.", "g_ema.", "G/")
"""Of its names, where a file has several networks side by side."""


def read_weights(path: Path) -> Weights:
    """The generator in a file: an official .pkl, a .pt or .pth of torch.save, or .safetensors. Runs nothing of it.

    Raises:
        InputError: There is no such file, it is damaged, names what no weights are made of, or holds something else.
    """
    name = shown(str(path), LONGEST_NAME)
    try:
        # Unlike pathlib's, this takes names that the system refuses for ones that do not exist.
        if not os.path.isfile(path):
            raise InputError(f"there is no file {name}; name a .pkl, .pt or .safetensors file")
        size = path.stat().st_size
        if size > LARGEST:
            raise InputError(f"{name} has {size} bytes; files of weights have at most {LARGEST}")
        weights = _weights(_content(path), size)
        fill_noise(weights)
        return weights
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror or error}") from error
    except ValueError as error:
        reason = shown(" ".join(str(error).split()), LONGEST_REASON)
        raise InputError(f"{name} cannot be imported: {_unlike(path)}{reason}") from error
    except Exception as error:
        # What the machine, zipfile and numpy raise on arbitrary bytes is not said anywhere: IndexError, KeyError,
        # TypeError, AttributeError, RecursionError, MemoryError, struct.error, ...
        raise InputError(f"{name} cannot be imported: {_unlike(path)}it is incomplete or damaged") from error


def _unlike(path: Path) -> str:
    """Words before a reason, if a file does not begin as files of weights do. A pickle of protocol 0 or 1 need not."""
    with open(path, "rb") as file:
        start = file.read(16)
    if path.suffix == ".safetensors" or start.startswith((PICKLE, ZIP)) or start[8:9] == b"{":
        return ""
    return "it does not begin as a pickle, a file of torch.save or safetensors does; " if start else "it is empty; "


def _content(path: Path) -> Any:
    """What the file holds, with tensors in the place of tensors."""
    with open(path, "rb") as file:
        start = file.read(16)
        if start.startswith(ZIP):
            return load_zip(path)
        file.seek(0)
        content = file.read()
    if LEGACY_START in start:
        return load_legacy(content)
    if path.suffix == ".safetensors" or start[8:9] == b"{":
        return safetensors.load(content)
    budget = Budget(copied=len(content))
    return load(content, official_pytorch.known(budget) | official_tensorflow.known(budget), budget)


def _weights(root: Any, size: int) -> Weights:
    if type(root) is tuple and len(root) == 3:
        # Generator, discriminator, averaged generator.
        root = root[2]
    if isinstance(root, TensorFlowNetwork):
        return official_tensorflow.weights_of(root, size)
    other: dict[str, Any] = {}
    if type(root) is dict:
        found = [key for key in AVERAGED if key in root]
        if found:
            root, other = root[found[0]], root
    if isinstance(root, PersistentObject):
        return official_pytorch.weights_of(root, size)
    if type(root) is not dict:
        raise ValueError(f"it holds a {shown(root)}, not a network")
    return _of_state_dict(root, other.get("latent_avg"), size)


def _of_state_dict(root: dict[Any, Any], latent_avg: Any, size: int) -> Weights:
    tensors = {str(name): value for name, value in root.items() if isinstance(value, (Tensor, np.ndarray))}
    for prefix in PREFIXES:
        inside = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        if inside:
            latent_avg = tensors.get("latent_avg", latent_avg)
            tensors = inside
            break
    if latent_avg is not None and isinstance(latent_avg, (Tensor, np.ndarray)):
        tensors["latent_avg"] = latent_avg
    if "input.input" in tensors:
        return rosinality.weights_of(to_arrays(tensors, size))
    if "synthesis.b4.const" in tensors:
        arrays = to_arrays(tensors, size)
        take_filters(arrays, ["resample_filter"])
        return Weights("state dict", arrays)
    names = ", ".join(shown(name) for name in list(map(str, root))[:3]) or "nothing"
    raise ValueError(f"it has no StyleGAN2 generator in names that are known (it begins with {names})")
