"""The random inputs of image number `index` of a seed, whatever else is drawn before, after or beside it.

Every image owns the counter-based generator Philox-4x64-10 (Salmon et al. 2011) with the two 64-bit key words
(seed, index), and draws standard normal float32 numbers from it with numpy alone:

    Generator(Philox(key=[seed, index])).standard_normal(z_dim, dtype=float32)                        z
    Generator(Philox(key=[seed, index], counter=[0, 0, 0, 1])).standard_normal(h·w, dtype=float32)    noise

z starts at counter 0. The noise starts 2^192 blocks later, never reached by z, and goes through the layers from
coarse to fine, each row by row. So neither the batch size nor the number of images changes an image, and an exported
network that has only numpy draws the same ones.
"""

from collections.abc import Iterable

import numpy as np

from keras_stylegan.errors import InputError


def draw_latents(seed: int, indices: Iterable[int], z_dim: int) -> np.ndarray:
    """Latents z of the images `indices` of a seed.

    Args:
        seed: 0 to 2^64 − 1.
        indices: Numbers of the images, each 0 to 2^64 − 1, in any order: `range(16)`, `[3]`.
        z_dim: Size of a latent.

    Returns:
        (N, z_dim) float32, standard normal.

    Raises:
        InputError: Seed or index out of range.
    """
    rows = [_generator(seed, index).standard_normal(z_dim, dtype=np.float32) for index in indices]
    return np.stack(rows) if rows else np.zeros((0, z_dim), np.float32)


def draw_noise(seed: int, indices: Iterable[int], sizes: Iterable[tuple[int, int]]) -> list[np.ndarray]:
    """Noise maps of the images `indices` of a seed.

    Args:
        seed: 0 to 2^64 − 1.
        indices: Numbers of the images.
        sizes: (height, width) in pixels of every noise layer, in the order of the layers.

    Returns:
        One (N, height, width, 1) float32 array per layer, standard normal.

    Raises:
        InputError: Seed or index out of range.
    """
    generators = [_generator(seed, index, counter=(0, 0, 0, 1)) for index in indices]
    return [
        np.stack([generator.standard_normal((*size, 1), dtype=np.float32) for generator in generators])
        for size in sizes
    ]


def _generator(seed: int, index: int, counter: tuple[int, int, int, int] = (0, 0, 0, 0)) -> np.random.Generator:
    for name, value in (("seed", seed), ("index", index)):
        if not 0 <= value < 2**64:
            raise InputError(f"{name} must be from 0 to 2^64 − 1. Received: {value!r}")
    words = np.array([seed, index], np.uint64)
    return np.random.Generator(np.random.Philox(key=words, counter=np.array(counter, np.uint64)))
