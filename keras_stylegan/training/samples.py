"""Generated images to be measured: plain samples without truncation, each fixed by (seed, index, class)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_stylegan.data.intensity import to_integers
from keras_stylegan.errors import InputError
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.latent.rendering import Renderer

CHUNK = 128
"""Images between two steps of the progress bar."""


@dataclass(frozen=True)
class Samples:
    """Generated images, quantised as the real ones are.

    Attributes:
        images: (N, H, W, C) integers of the real images' type.
        labels: (N,) int64, index into the run's classes; zeros for an unconditional run.
        indices: (N,) int64, number of the latent: `generate --seed SEED` draws the same image under it.
    """

    images: np.ndarray
    labels: np.ndarray
    indices: np.ndarray


def shares(count: int, frequencies: np.ndarray) -> np.ndarray:
    """`count` in the proportions of `frequencies`, as integers (largest remainders); their sum is `count`.

    Args:
        count: Images in total.
        frequencies: (K,) non-negative, not all zero.

    Returns:
        (K,) int64.
    """
    exact = count * np.asarray(frequencies, np.float64) / np.sum(frequencies)
    whole = np.floor(exact).astype(np.int64)
    # Stable, so that equal remainders go to the first classes.
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: count - whole.sum()]] += 1
    return whole


def draw_samples(
    generator,
    count: int,
    seed: int,
    frequencies: np.ndarray,
    dtype: np.typing.DTypeLike = np.uint8,
    advance: Callable[[int], None] = lambda images: None,
    renderer: Renderer | None = None,
) -> Samples:
    """Generates images with constant noise and without truncation.

    Args:
        generator: A `keras_stylegan.models.families.GeneratorNetwork`.
        count: Images in total.
        seed: Seed of the latents; image i of a class has latent number i.
        frequencies: (K,) how often each class is to be drawn, relative; not used by an unconditional generator.
        dtype: Type of the pixels, uint8 or uint16.
        advance: Called with the number of images done since the last call.
        renderer: A renderer of this generator, to be used again.

    Returns:
        The images, class after class.

    Raises:
        InputError: The generator gives values that are not finite, or constant images only.
    """
    counts = shares(count, frequencies) if generator.c_dim else np.array([count])
    renderer = renderer or Renderer(generator)
    images, labels, indices = [], [], []
    for label, of_class in enumerate(counts):
        for start in range(0, of_class, CHUNK):
            numbers = range(start, min(start + CHUNK, of_class))
            z = draw_latents(seed, numbers, generator.z_dim)
            one_hot = None
            if generator.c_dim:
                one_hot = np.repeat(np.eye(generator.c_dim, dtype=np.float32)[[label]], len(numbers), axis=0)
            values = renderer.images(renderer.styles(z, one_hot))
            finite = np.isfinite(values).all(axis=(1, 2, 3))
            if not finite.all():
                bad = int(np.argmin(finite))
                raise InputError(
                    "the run's generator gives values that are not finite; evaluate an earlier checkpoint. "
                    f"Received: image {numbers[bad]} of seed {seed} has a value {_first_bad(values[bad])}"
                )
            images.append(to_integers(values, dtype))
            labels += [label] * len(numbers)
            indices += numbers
            advance(len(numbers))
    pixels = np.concatenate(images)
    if (pixels.max(axis=(1, 2, 3)) == pixels.min(axis=(1, 2, 3))).all():
        raise InputError(
            f"all {len(pixels)} generated images are constant: the run has not learned anything yet or has collapsed. "
            f"Received: every pixel of the first one is {pixels[0].flat[0]}"
        )
    return Samples(pixels, np.array(labels, np.int64), np.array(indices, np.int64))


def _first_bad(image: np.ndarray) -> float:
    return float(image[~np.isfinite(image)][0])
