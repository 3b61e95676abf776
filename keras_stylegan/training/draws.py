"""The random numbers of a training step, drawn apart from their use, so that a step can be replayed."""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_stylegan.backend.replicas import num_replicas, replica_id
from keras_stylegan.sizes import height_width

STRIDE = np.array([2654435761 - 2**32, 0])
"""From the seed [s, counter] of a replica to the next one's: 2³² divided by the golden ratio, modulo 2³². PyTorch draws
with s + counter modulo 2³², and multiples of this stay far apart there, so that no replica repeats another's draws."""


class ReplicaSeedGenerator(keras.random.SeedGenerator):
    """Has the same state on every replica and gives each another seed; replica 0 gets that of a single one."""

    def next(self, ordered=True):
        """A seed (2,), with the number of the replica folded in."""
        seed = super().next(ordered)
        if num_replicas() == 1:
            return seed
        dtype = keras.backend.standardize_dtype(seed.dtype)
        return seed + ops.cast(replica_id(), dtype) * ops.convert_to_tensor(STRIDE.astype(dtype))


class GeneratorDraws(NamedTuple):
    """What one batch of generated images is made from."""

    z: Any
    """(N, z_dim), N(0, 1)."""
    mixing_z: Any
    """(N, z_dim) of the style-mixing partner, or None."""
    crossover: Any
    """(N, 1, 1): the first layer that takes the partner's style; num_ws keeps every style. None without mixing."""
    noise: Any
    """N(0, 1) per styled convolution, (N, h, w, 1); or "none"."""


class Draws:
    """Draws what a step needs.

    Args:
        generator: A `models.families.GeneratorNetwork`.
        seed: `keras.random.SeedGenerator`.
        style_mixing_prob: Share of the samples that are mixed, each at a layer uniform in [1, num_ws) (Karras et al.
            2018, section 3.1).
        noise: "random", or "none" for a generator that is trained without.
    """

    def __init__(self, generator, seed, style_mixing_prob=0.0, noise="random"):
        self.generator = generator
        self.seed = seed
        self.style_mixing_prob = style_mixing_prob
        self.noise = noise

    def latents(self, batch):
        """`GeneratorDraws` of so many samples."""
        generator, seed = self.generator, self.seed
        z = keras.random.normal((batch, generator.z_dim), seed=seed)
        mixing_z = crossover = None
        if self.style_mixing_prob > 0:
            mixing_z = keras.random.normal((batch, generator.z_dim), seed=seed)
            layer = keras.random.randint((batch, 1, 1), 1, generator.num_ws, seed=seed)
            mixed = keras.random.uniform((batch, 1, 1), seed=seed) < self.style_mixing_prob
            crossover = ops.where(mixed, layer, generator.num_ws)
        noise = generator.synthesis.draw_noise(batch, seed) if self.noise == "random" else self.noise
        return GeneratorDraws(z, mixing_z, crossover, noise)

    def epsilon(self, batch):
        """(N, 1, 1, 1), uniform in [0, 1]: where between a real and a generated image (`mix`)."""
        return keras.random.uniform((batch, 1, 1, 1), seed=self.seed)

    def image_noise(self, batch):
        """(N, H, W, C), N(0, 1): the y of the path length."""
        size = height_width(self.generator.resolution)
        return keras.random.normal((batch, *size, self.generator.channels), seed=self.seed)

    def augmentation(self, batch, pipeline):
        """The random numbers of an `augment.pipeline.Pipeline` for so many samples."""
        return pipeline.draw(batch, self.seed)


def styles(generator, draws, label, training):
    """The styles ws (N, num_ws, w_dim) of the draws, mixed where they say so.

    With `training` the mean style moves too, except for the mixing partner.
    """
    ws = generator.mapping(draws.z, label, training=training)
    if draws.mixing_z is None:
        return ws
    partner = generator.mapping(draws.mixing_z, label, training=training, update_w_avg=False)
    layers = ops.reshape(ops.arange(generator.num_ws), (1, -1, 1))
    return ops.where(layers < draws.crossover, ws, partner)
