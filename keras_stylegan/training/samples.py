"""Generated images to be measured: plain samples without truncation, each fixed by (seed, index, class)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_stylegan.data.image_set import label_record
from keras_stylegan.data.intensity import to_integers
from keras_stylegan.errors import InputError
from keras_stylegan.latent.covariates import label_array
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.latent.rendering import Renderer

CHUNK = 128
"""Images between two steps of the progress bar."""


@dataclass(frozen=True)
class Samples:
    """Generated images, quantised as the real ones are.

    Attributes:
        images: (N, H, W, C) integers of the real images' type.
        labels: (N,) records as `ImageSet.labels`: 'class', an index into the run's classes (0 for a run without), and
            the covariates that the run is conditioned on.
        indices: (N,) int64, number of the latent: `generate --seed SEED` draws the same image under it, given the same
            class and covariates.
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
    labels: np.ndarray,
    dtype: np.typing.DTypeLike = np.uint8,
    advance: Callable[[int], None] = lambda images: None,
    renderer: Renderer | None = None,
) -> Samples:
    """Generates images with constant noise and without truncation.

    Args:
        generator: A `keras_stylegan.models.families.GeneratorNetwork`.
        count: Images in total.
        seed: Seed of the latents; image i of a class has latent number i.
        labels: (M,) records of `label_record`, of real images: classes are drawn in the shares that they have there,
            and the covariates of a class as its images have them, every image once before one is taken again. Not used
            by an unconditional generator.
        dtype: Type of the pixels, uint8 or uint16.
        advance: Called with the number of images done since the last call.
        renderer: A renderer of this generator, to be used again.

    Returns:
        The images, class after class.

    Raises:
        InputError: The generator gives values that are not finite, or constant images only.
    """
    wanted = _wanted(generator, count, seed, labels)
    renderer = renderer or Renderer(generator)
    images, indices = [], []
    for of_class in wanted:
        for start in range(0, len(of_class), CHUNK):
            chunk = of_class[start : start + CHUNK]
            numbers = range(start, start + len(chunk))
            z = draw_latents(seed, numbers, generator.z_dim)
            values = renderer.images(renderer.styles(z, label_array(generator, chunk["class"], chunk)))
            finite = np.isfinite(values).all(axis=(1, 2, 3))
            if not finite.all():
                bad = int(np.argmin(finite))
                raise InputError(
                    "the run's generator gives values that are not finite; evaluate an earlier checkpoint. "
                    f"Received: image {numbers[bad]} of seed {seed} has a value {_first_bad(values[bad])}"
                )
            images.append(to_integers(values, dtype))
            indices += numbers
            advance(len(numbers))
    pixels = np.concatenate(images)
    if (pixels.max(axis=(1, 2, 3)) == pixels.min(axis=(1, 2, 3))).all():
        raise InputError(
            f"all {len(pixels)} generated images are constant: the run has not learned anything yet or has collapsed. "
            f"Received: every pixel of the first one is {pixels[0].flat[0]}"
        )
    return Samples(pixels, np.concatenate(wanted), np.array(indices, np.int64))


def _wanted(generator, count: int, seed: int, labels: np.ndarray) -> list[np.ndarray]:
    """The labels of the images to be drawn, class by class."""
    names = ["class", *generator.covariates]
    if not generator.c_dim:
        labels = labels.copy()
        labels["class"] = 0
    frequencies = np.bincount(labels["class"], minlength=max(1, generator.c_dim))
    wanted = []
    for group, of_class in enumerate(shares(count, frequencies)):
        rows = np.flatnonzero(labels["class"] == group)
        order = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, group]))).permutation(len(rows))
        chosen = labels[rows[np.resize(order, of_class)]] if of_class else labels[:0]
        wanted.append(label_record(chosen["class"], **{name: chosen[name] for name in names[1:]}))
    return wanted


def _first_bad(image: np.ndarray) -> float:
    return float(image[~np.isfinite(image)][0])
