"""Networks in the pickles of stylegan2 and stylegan2-ada on TensorFlow: variables by name, and the network's source.

The names and layouts are those that public converters know: kernels (h, w, in, out), dense weights (in, out), flipped
up-sampling kernels, style biases without the 1 that the network adds.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from keras_stylegan.importing import numpy_pickle, torch_tensors
from keras_stylegan.importing.numpy_pickle import Array
from keras_stylegan.importing.pickle_machine import Budget, Known, require_key, shown
from keras_stylegan.importing.weights import (
    MOST_TENSORS,
    Weights,
    require_few,
    require_limit,
    require_option,
    to_arrays,
)

DEEPEST = 8
"""Networks within networks; official ones have two."""
LEGAL = {
    "resample_kernel": [[1, 3, 3, 1], (1, 3, 3, 1), None],
    "nonlinearity": ["lrelu"],
    "mapping_nonlinearity": ["lrelu"],
    "mapping_lrmul": [0.01],
    "normalize_latents": [True],
    "architecture": ["skip", "resnet"],
}
"""Options that no variable shows; what is not given has its default, which is legal."""


class TensorFlowNetwork:
    """A network; its state comes after it was made."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}

    def build(self, state: Any) -> None:
        """Take a dict with version, static_kwargs, build_module_src, variables and components."""
        if type(state) is not dict:
            raise ValueError("a network has no state")
        self.state = state

    def networks(self, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, "TensorFlowNetwork"]]:
        """(path, network) of itself and its components."""
        if depth > DEEPEST:
            raise ValueError("its networks are nested too deeply")
        yield prefix, self
        for name, part in require_few(self.state.get("components", {}), "components").items():
            if not isinstance(part, TensorFlowNetwork):
                raise ValueError(f"the component {shown(name)} is no network")
            yield from part.networks(f"{prefix}{name}/", depth + 1)

    def tensors(self) -> dict[str, Array]:
        """Variables by name, those of components behind their names."""
        found: dict[str, Array] = {}
        for count, (path, network) in enumerate(self.networks()):
            for name, value in require_few(network.state.get("variables", []), "variables"):
                if isinstance(value, Array):
                    found[f"{path}{require_key(name)}"] = value
            if max(count, len(found)) > MOST_TENSORS:
                raise ValueError("it has too many variables")
        return found


def known(budget: Budget) -> Known:
    """Names in the pickles of this era."""
    return {
        **torch_tensors.known(budget),
        **numpy_pickle.known(budget),
        "dnnlib.tflib.network.Network": TensorFlowNetwork,
        "dnnlib.util.EasyDict": functools.partial(torch_tensors.ordered_dict, budget),
    }


def _same(array: np.ndarray) -> np.ndarray:
    return array


def _kernel(array: np.ndarray) -> np.ndarray:
    """(h, w, in, out) to (out, in, h, w)."""
    return array.transpose(3, 2, 0, 1)


def _flipped(array: np.ndarray) -> np.ndarray:
    return _kernel(array[::-1, ::-1])


LAYERS = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb", "Skip": "skip"}
PARTS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "weight": ("weight", _kernel),
    "bias": ("bias", _same),
    "noise_strength": ("noise_strength", _same),
    "mod_weight": ("affine.weight", np.transpose),
    "mod_bias": ("affine.bias", lambda array: array + np.float32(1)),
}


def weights_of(network: TensorFlowNetwork, file_size: int) -> Weights:
    """The weights of a generator.

    Raises:
        ValueError: It is of another family, or was built with options that our networks do not have.
    """
    # First: it counts the networks, which a small file can nest without end.
    tensors = network.tensors()
    clamp = None
    sources = {}
    for path, part in network.networks():
        options, source = part.state.get("static_kwargs", {}), part.state.get("build_module_src")
        for name, legal in LEGAL.items():
            if name in options:
                require_option(name, options[name], legal)
        clamp = require_limit(options.get("conv_clamp", clamp))
        if type(source) is str:
            sources[path or "network"] = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
    if any("StyleMod" in name for name in tensors):
        raise ValueError("it holds a StyleGAN of 2018; only StyleGAN2 can be imported")
    if any("LabelConcat" in name for name in tensors):
        raise ValueError("it is conditional in the way of stylegan2 of 2019, which our networks do not have")
    arrays: dict[str, np.ndarray] = {}
    for name, array in to_arrays(tensors, file_size).items():
        found = _reference(name, array)
        if found is not None:
            arrays[found[0]] = found[1]
    return Weights("official TensorFlow pickle", arrays, clamp, sources)


def _reference(name: str, array: np.ndarray) -> tuple[str, np.ndarray] | None:
    """(name, array) as in `models.reference`; None for a variable of training."""
    if name == "dlatent_avg":
        return "mapping.w_avg", array
    if name == "lod":
        return None
    if match := re.fullmatch(r"mapping/(?:Dense(\d+)|LabelEmbed)/(weight|bias)", name):
        layer = "embed" if match[1] is None else f"fc{int(match[1])}"
        return f"mapping.{layer}.{match[2]}", array.T
    if name == "synthesis/4x4/Const/const":
        return "synthesis.b4.const", array[0]
    if match := re.fullmatch(r"synthesis/noise(\d{1,2})", name):
        # One at 4x4, then two of every size.
        number = int(match[1])
        layer = f"b{4 * 2 ** ((number + 1) // 2)}.conv{(number + 1) % 2}"
        return f"synthesis.{layer}.noise_const", array[0, 0]
    if match := re.fullmatch(r"synthesis/(\d{1,4})x\1/(\w+)/(\w+)", name):
        size, layer, part = match.groups()
        if layer in LAYERS and part in PARTS:
            ours, convert = PARTS[part]
            flip = part == "weight" and layer in ("Conv0_up", "Skip")
            return f"synthesis.b{size}.{LAYERS[layer]}.{ours}", (_flipped if flip else convert)(array)
    raise ValueError(f"its variable {shown(name)} is no part of a StyleGAN2")
