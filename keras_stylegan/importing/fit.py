"""Weights of another colour or resolution than wanted: RGB to grey, and a lower resolution out of a higher one."""

import re

import numpy as np

from keras_stylegan.importing.weights import Weights


def fit(weights: Weights, channels: int | None, resolution: int | None) -> None:
    """Change weights, and note it.

    Args:
        weights: See `Weights`; changed.
        channels: 1 or 3; None as they are.
        resolution: Pixels; None as they are.

    Raises:
        ValueError: More channels or pixels than they have, or a generator that makes no image on the way.
    """
    blocks = [int(match[1]) for name in weights.arrays if (match := re.match(r"synthesis\.b(\d{1,4})\.", name))]
    top = max(blocks, default=0)
    last = weights.arrays.get(f"synthesis.b{top}.torgb.weight")
    if last is None:
        raise ValueError(f"it has no synthesis.b{top}.torgb.weight")
    if resolution not in (None, top):
        if resolution not in blocks or resolution < 8:
            sizes = sorted(set(blocks) - {4})
            raise ValueError(f"--resolution must be one of {sizes}, which the generator has. Received: {resolution}")
        _cut(weights, top, resolution)
    if channels not in (None, len(last)):
        if (channels, len(last)) != (1, 3):
            raise ValueError(f"--channels must be {len(last)}, as the generator has. Received: {channels}")
        _to_grey(weights)


def _cut(weights: Weights, top: int, resolution: int) -> None:
    """An image is the sum of those of all resolutions: the sum stops early."""
    if f"synthesis.b{resolution}.torgb.weight" not in weights.arrays:
        raise ValueError("--resolution: a 'resnet' generator makes an image at its last resolution only")
    for name in list(weights.arrays):
        match = re.match(r"synthesis\.b(\d+)\.", name)
        if match and int(match[1]) > resolution:
            del weights.arrays[name]
    weights.notes.append(f"resolution {top} cut to {resolution}: the sum of images stops there")


def _to_grey(weights: Weights) -> None:
    """The mean of the three colours, which is linear, so it can be taken of the weights."""
    for name, array in weights.arrays.items():
        if re.fullmatch(r"synthesis\.b\d+\.torgb\.(weight|bias)", name):
            weights.arrays[name] = np.mean(array, axis=0, keepdims=True, dtype=np.float64).astype(np.float32)
    weights.notes.append("RGB to grey: the output is the mean of the three colours")
