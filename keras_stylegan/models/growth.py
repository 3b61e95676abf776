"""Progressive growing (Karras et al. 2017, section 2): the levels of a network, and the fade from one to the next.

A level is a resolution that the network has images of; number 0 is the one that training starts with. How far a network
has grown is a number in it, `growth`: k for level k, k − 1 + α while that level is faded in. All parameters of all
levels exist from the start.
"""

import keras
from keras import ops

from keras_stylegan.layers.resample import double
from keras_stylegan.sizes import block_sizes, simplest


def levels_from(start, resolution):
    """The blocks of a network (`sizes.block_sizes`) that are levels, from coarse to fine.

    Args:
        start: Resolution of level 0; None for a network that does not grow.
        resolution: Of the whole network.

    Raises:
        ValueError: The network has no such block, or it is the finest.
    """
    blocks = list(block_sizes(resolution))
    if start is None:
        return blocks[-1:]
    if start not in blocks[:-1]:
        raise ValueError(f"growing_start must be one of {tuple(blocks[:-1])}. Received: {start}")
    return [r for r in blocks if r >= start]


def add_growth(network):
    """The variable `growth` of a network, at level 0. No optimizer moves it: training sets it, checkpoints hold it."""
    return network.add_weight(name="growth", shape=(), initializer="zeros", trainable=False, autocast=False)


def fade_in(growth, level, coarse, fine):
    """(1 − α)·coarse + α·fine, where α in [0, 1] is how much of a level `growth` has reached; exact at both ends."""
    alpha = ops.cast(ops.clip(growth - (level - 1.0), 0.0, 1.0), fine.dtype)
    return (1.0 - alpha) * coarse + alpha * fine


def image_of(images, growth=None, level=None):
    """The image of a generator, of those of its levels.

    Without a level the image is what the generator has grown to, with its pixels doubled up to the full size, in one
    graph that is right whatever `growth` is: level k has weight max(0, 1 − |growth − k|).

    Args:
        images: (N, h, w, C) of the levels, from coarse to fine; up to `level`, if one is given.
        growth: See the module; None for a network that does not grow.
        level: Number of the level that is trained, or None.

    Returns:
        (N, h, w, C) of the last of these levels, faded in from the one before.
    """
    if growth is None or level == 0:
        return images[-1]
    if level is not None:
        return fade_in(growth, level, double(images[-2]), images[-1])
    total = None
    for k, image in enumerate(images):
        weighted = ops.maximum(0.0, 1.0 - ops.abs(growth - k)) * image
        total = weighted if total is None else double(total) + weighted
    return total


class GeneratorAtLevel:
    """A generator as training sees it at a level: the same weights, with the styles, noise and images of that level.

    It has what `training` asks of a `models.families.GeneratorNetwork`.

    Args:
        generator: A generator that grows.
        level: Number of the level.
    """

    def __init__(self, generator, level):
        self.generator, self.level = generator, level
        resolution = generator.synthesis.levels[level]
        self.resolution = simplest(generator.synthesis.sizes[resolution])
        self.z_dim, self.channels = generator.z_dim, generator.channels
        # Two to a resolution in both families: StyleGAN2 has one at the coarsest and one for its ToRGB.
        self.num_ws = 2 * sum(r <= resolution for r in generator.synthesis.sizes)
        self.synthesis = _SynthesisAtLevel(generator.synthesis, level)

    def mapping(self, z, label=None, **options):
        """See `models.families.MappingPart`: the styles of this level."""
        return self.generator.mapping(z, label, **options)[:, : self.num_ws]


class _SynthesisAtLevel:
    def __init__(self, synthesis, level):
        self.synthesis, self.level = synthesis, level

    def __call__(self, ws, noise="const"):
        return self.synthesis(ws, noise=noise, level=self.level)

    def noise_shapes(self, batch):
        height, _ = self.synthesis.sizes[self.synthesis.levels[self.level]]
        return [shape for shape in self.synthesis.noise_shapes(batch) if shape[1] <= height]

    def draw_noise(self, batch, seed):
        return [keras.random.normal(shape, seed=seed) for shape in self.noise_shapes(batch)]
