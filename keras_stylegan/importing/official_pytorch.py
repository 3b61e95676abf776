"""Networks in the pickles of stylegan2-ada-pytorch and stylegan3: objects that carry the source text of their class.

Their own loader runs that text. Here it is hashed, and the parameters are taken from the object's state.
"""

import functools
import hashlib
from collections.abc import Iterator
from typing import Any

from keras_stylegan.importing import numpy_pickle, torch_tensors
from keras_stylegan.importing.pickle_machine import Budget, Known, shown
from keras_stylegan.importing.torch_file import load_legacy
from keras_stylegan.importing.weights import (
    MOST_TENSORS,
    Weights,
    require_few,
    require_limit,
    require_option,
    take_filters,
    to_arrays,
)

DEEPEST = 16
"""Modules within modules; official ones have four."""
LR_MULTIPLIER = 0.01
"""Of the mapping network."""


class PersistentObject:
    """An object of a class whose source text is in the file.

    Args:
        meta: Dict with type, version, module_src, class_name and state.
    """

    def __init__(self, meta: Any) -> None:
        self.source, self.class_name, self.state = meta["module_src"], meta["class_name"], meta["state"]
        if type(self.source) is not str or type(self.class_name) is not str or type(self.state) is not dict:
            raise ValueError("an object has no source, class or state")

    def modules(self, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, "PersistentObject"]]:
        """(path, module) of itself and all below."""
        if depth > DEEPEST:
            raise ValueError("its modules are nested too deeply")
        yield prefix, self
        for name, module in require_few(self.state.get("_modules", {}), "modules").items():
            if isinstance(module, PersistentObject):
                yield from module.modules(f"{prefix}{name}.", depth + 1)

    def tensors(self) -> dict[str, Any]:
        """Parameters and buffers by the names of a state dict."""
        found: dict[str, Any] = {}
        for count, (path, module) in enumerate(self.modules()):
            for kind in ("_parameters", "_buffers"):
                for name, tensor in require_few(module.state.get(kind, {}), "tensors").items():
                    if isinstance(tensor, torch_tensors.Tensor):
                        found[f"{path}{name}"] = tensor
            if max(count, len(found)) > MOST_TENSORS:
                raise ValueError("it has too many modules")
        return found


def known(budget: Budget) -> Known:
    """Names in the pickles of this era; storages in them are files of `torch.save`, which share the budget."""
    return {
        **torch_tensors.known(budget),
        **numpy_pickle.known(budget),
        "torch_utils.persistence._reconstruct_persistent_obj": PersistentObject,
        "torch.storage._load_from_bytes": lambda content: load_legacy(_bytes(content), budget),
        "dnnlib.util.EasyDict": functools.partial(torch_tensors.ordered_dict, budget),
        "builtins.set": functools.partial(_set, budget),
        "__builtin__.set": functools.partial(_set, budget),
    }


def _bytes(content: Any) -> bytes:
    if type(content) is not bytes:
        raise ValueError(f"a storage is made of a {shown(content)}")
    return content


def _set(budget: Budget, items: Any = ()) -> set[Any]:
    if type(items) not in (list, tuple):
        raise ValueError("a set is made of something other than a list")
    budget.spend(len(items))
    if any(type(item) is not str for item in items):
        raise ValueError("a set has members that are no text")
    return set(items)


def weights_of(network: PersistentObject, file_size: int) -> Weights:
    """The weights of a generator.

    Raises:
        ValueError: It is of another family, or was built with options that our networks do not have.
    """
    tensors = network.tensors()
    if any(name.startswith("synthesis.input.") for name in tensors):
        raise ValueError("it holds a StyleGAN3; only StyleGAN2 can be imported")
    clamps = set()
    for path, module in network.modules():
        state = module.state
        if path.startswith("mapping.fc"):
            require_option(f"{path}lr_multiplier", state.get("bias_gain", LR_MULTIPLIER), [LR_MULTIPLIER])
        if "activation" in state:
            require_option(f"{path}activation", state["activation"], ["lrelu", "linear"])
        if "architecture" in state:
            require_option(f"{path}architecture", state["architecture"], ["skip", "resnet"])
        if "conv_clamp" in state and "weight" in state.get("_parameters", {}):
            clamps.add(require_limit(state["conv_clamp"]))
    if len(clamps) > 1:
        raise ValueError("its layers have limits (conv_clamp) that differ")
    arrays = to_arrays(tensors, file_size)
    take_filters(arrays, ["resample_filter"])
    texts = {module.class_name: module.source for _, module in network.modules()}
    # Each text once: thousands of modules may share a long one.
    hashes = {text: hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for text in set(texts.values())}
    sources = {name: hashes[text] for name, text in texts.items()}
    return Weights("official PyTorch pickle", arrays, clamps.pop() if clamps else None, sources)
