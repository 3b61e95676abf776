"""The whole state of a run, said once: what checkpoints hold, what `.keras` files hold, what tests compare."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_stylegan.errors import InputError

OWN_STATE = {
    "step": ("int32", 0),
    "images": ("int32", 0),
    "path_length_mean": ("float32", 0.0),
    "augment_strength": ("float32", 0.0),
    "augment_sign": ("float32", 0.0),
}
"""Scalar variables of `StyleGAN` itself: name to (dtype, default). A file older than one of them means its default."""

SEED = "seed_generator_state"
"""End of the path of a seed generator's state."""

YOUNGER = ("stylegan", "metrics", "loss_scales")
"""Groups of which a file may lack variables: these start at their defaults."""


def own_state(gan: Any) -> dict[str, Any]:
    """The variables that Keras saves with no layer and no optimizer, by name: counters and the states of all draws."""
    seeds = {"draws": gan.seed_generator.state}
    for group in ("generator", "generator_ema"):
        found = network_state(getattr(gan, group), group)
        seeds |= {path.replace("/", "."): item for path, item in found.items() if path.endswith(SEED)}
    return {name: getattr(gan, name) for name in OWN_STATE} | seeds


def take_own_state(gan: Any, store: Mapping[str, Any]) -> None:
    """Set them; what is missing takes its default, with a warning."""
    for name, variable in own_state(gan).items():
        if name in store:
            variable.assign(store[name])
            continue
        default = OWN_STATE[name][1] if name in OWN_STATE else "its seed"
        warnings.warn(f"the file has no {name}: it starts at {default}", stacklevel=2)
        if name in OWN_STATE:
            variable.assign(default)


def state(gan: Any) -> dict[str, Any]:
    """Every variable of a compiled `StyleGAN` that the next step depends on, by a path that a new process repeats."""
    scales = [scale for scale in (gan.d_loss_scale, gan.g_loss_scale) if scale is not None]
    trackers = {**gan.trackers, **{name: schedule.tracker for name, schedule in gan.schedules.items()}}
    groups = [
        network_state(gan.generator, "generator"),
        network_state(gan.generator_ema, "generator_ema"),
        network_state(gan.discriminator, "discriminator"),
        optimizer_state(gan.g_optimizer, "g_optimizer", gan.generator),
        optimizer_state(gan.m_optimizer, "m_optimizer", gan.generator),
        optimizer_state(gan.d_optimizer, "d_optimizer", gan.discriminator),
        {f"stylegan/{name}": getattr(gan, name) for name in OWN_STATE} | {"stylegan/draws": gan.seed_generator.state},
        *({f"loss_scales/{scale.name}/{item.name}": item for item in scale.variables} for scale in scales),
        *({f"metrics/{name}/{item.name}": item for item in metric.variables} for name, metric in trackers.items()),
    ]
    found = {path: variable for group in groups for path, variable in group.items()}
    if len(found) != sum(map(len, groups)):
        raise ValueError("two variables have the same path")
    return found


def network_state(network: keras.Model, group: str) -> dict[str, Any]:
    """The variables of a network by `group/` and their path in it: `generator/synthesis/b4_conv1/conv/kernel`."""
    # Keras puts the scopes before it in which the network was built, if any.
    found = {f"{group}/{variable.path.split(f'{network.name}/')[-1]}": variable for variable in network.variables}
    if len(found) != len(network.variables):
        raise ValueError(f"two variables of {network.name} have the same path")
    return found


def optimizer_state(optimizer: Any, group: str, network: keras.Model) -> dict[str, Any]:
    """An optimizer's variables by `group/` and their names, slots without the scopes in which `network` was built."""
    return {f"{group}/{item.name[max(0, item.name.find(f'{network.name}_')) :]}": item for item in optimizer.variables}


def values(variables: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The values of variables, as arrays."""
    return {path: keras.ops.convert_to_numpy(variable) for path, variable in variables.items()}


def assign(
    variables: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    where: Path,
    say: Callable[[str], None] = print,
) -> None:
    """Set variables from the arrays of a checkpoint; nothing is set unless all fit.

    Args:
        variables: Of `state` or `network_state`, with their initial values.
        arrays: By the same paths.
        where: The file, for messages.
        say: Called with a line if the file is older than some variables, which keep their initial values, or holds
            some that nobody needs any more.

    Raises:
        InputError: A variable is missing in the file, is left over, or has another shape or type.
    """

    def may_differ(path: str) -> bool:
        return path.split("/")[0] in YOUNGER

    missing = [path for path in variables if path not in arrays]
    unknown = [path for path in arrays if path not in variables]
    problems = [f"{path} is missing" for path in missing if not may_differ(path)]
    problems += [f"{path} is unknown" for path in unknown if not may_differ(path)]
    for path, variable in variables.items():
        if path not in arrays:
            continue
        array, dtype = arrays[path], keras.backend.standardize_dtype(variable.dtype)
        if array.shape != tuple(variable.shape):
            problems.append(f"{path} has shape {array.shape}, the network {tuple(variable.shape)}")
        elif not _fits(array, dtype):
            problems.append(f"{path} holds {array.dtype.name}, the network {dtype}")
    if problems:
        raise InputError(f"{where} is of a different architecture: {problems[0]} ({len(problems)} differences)")
    if missing:
        say(f"{where} is older than {', '.join(missing)}: at the initial value.")
    if unknown:
        say(f"{where} holds {', '.join(unknown)}, which nothing needs here: left out.")
    for path, variable in variables.items():
        if path in arrays:
            variable.assign(arrays[path].astype(keras.backend.standardize_dtype(variable.dtype)))


def _fits(array: np.ndarray, dtype: str) -> bool:
    """Whether an array is of a type, or of whole numbers that the type holds: a seed has another on every backend."""
    if array.dtype.name == dtype:
        return True
    if array.dtype.kind not in "iu" or "int" not in dtype:
        return False
    limits = np.iinfo(dtype)
    return bool((array >= limits.min).all() and (array <= limits.max).all())
