"""How far two images are apart for `projection`: pixels, and untrained features at every scale. No download."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_stylegan.metrics.random_features import RandomFeatures


class PerceptualDistance:
    """Mean square difference of pixels and of the maps of `RandomFeatures`, each scale with the same weight.

    Pixels alone let a projection give up detail that lies a pixel beside its place; features forgive that, and their
    He-initialised kernels keep the size of differences, so that no scale needs a weight of its own. Differences of
    untrained convolutions already rank distortions as people do (Zhang et al. 2018, "The unreasonable effectiveness of
    deep features as a perceptual metric", table 5); trained ones would need a download and have seen photographs only.

    Args:
        height: Of the images.
        width: Of the images.
        channels: 1 or 3.
        seed: Of the kernels. Values of different seeds are not comparable.
    """

    def __init__(self, height: int, width: int, channels: int, seed: int = 0) -> None:
        self.kernels = RandomFeatures(seed).kernels(height, width, channels)
        self.shapes = [(height, width, channels)]
        for kernel in self.kernels:
            height, width = -(-height // 2), -(-width // 2)
            self.shapes.append((height, width, kernel.shape[-1]))

    def maps(self, images: Any) -> list[Any]:
        """The images (N, H, W, C) themselves, then the maps of every convolution, of the sizes `shapes`."""
        found = [ops.convert_to_tensor(images)]
        for kernel in self.kernels:
            padded = _edge_padded(found[-1], kernel.shape[0] // 2)
            kernel = ops.convert_to_tensor(kernel)
            found.append(ops.relu(ops.conv(padded, kernel, strides=2, padding="valid")))
        return found

    def between(self, first: Sequence[Any], second: Sequence[Any]) -> Any:
        """Distance (N,) of what `maps` gave for two sets of images, in squared grey values; 0 for equal ones."""
        scales = [ops.mean(ops.square(a - b), axis=(1, 2, 3)) for a, b in zip(first, second, strict=True)]
        return ops.mean(ops.stack(scales), axis=0)

    def __call__(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Square root of the distance (N,) of two arrays of images: a difference of grey values, 2 the whole range."""
        found = self.between(self.maps(first), self.maps(second))
        return np.sqrt(ops.convert_to_numpy(found))


def _edge_padded(maps, width):
    """(N, H, W, C) with its outermost pixels repeated; `ops.pad` has no such mode on every backend."""
    for axis, size in ((1, maps.shape[1]), (2, maps.shape[2])):
        first = maps[:, :1] if axis == 1 else maps[:, :, :1]
        last = maps[:, size - 1 :] if axis == 1 else maps[:, :, size - 1 :]
        maps = ops.concatenate([first] * width + [maps] + [last] * width, axis=axis)
    return maps
