"""How far the largest activation of every layer stands out: the droplets of StyleGAN (Karras et al. 2019, section 2).

Instance normalisation takes the size of a map away, and a generator learned to keep it: by one small, strong spike, a
droplet, which decides the map's statistics. It is there in every image, so the median over images tells it from chance.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from keras import ops

from keras_stylegan.latent.covariates import spread_labels
from keras_stylegan.latent.latents import draw_latents
from keras_stylegan.latent.rendering import Function, Renderer, in_batches


class LayerPeak(NamedTuple):
    """max |x| / σ(x) over the pixels and channels of a layer, one value per image."""

    layer: str
    height: int
    width: int
    channels: int
    median: float
    """Over the images."""
    largest: float
    """Over the images."""
    normal: float
    """What as many independent N(0, 1) values would have: half of all such maps have less, or nearly so."""


def activation_peaks(generator, count: int, seed: int) -> list[LayerPeak]:
    """The peaks of every layer, from coarse to fine, with constant noise and without truncation.

    Args:
        generator: A `keras_stylegan.models.families.GeneratorNetwork`.
        count: Images; their labels are those of `spread_labels`.
        seed: Of the latents.
    """
    renderer, synthesis = Renderer(generator), generator.synthesis
    label = spread_labels(generator, count)
    ws = renderer.styles(draw_latents(seed, range(count), generator.z_dim), label)
    shapes = {name: value.shape[1:] for name, value in synthesis.feature_maps(ws[:1]).items()}

    def peaks(ws):
        return ops.stack([_peak(features) for features in synthesis.feature_maps(ws).values()], axis=1)

    found = in_batches(Function(peaks), {"ws": ws})  # (N, layers)
    return [
        LayerPeak(name, *shape, float(np.median(values)), float(values.max()), _normal_peak(int(np.prod(shape))))
        for (name, shape), values in zip(shapes.items(), found.T, strict=True)
    ]


def _peak(features):
    """(N, h, w, C) to (N,)."""
    centred = features - ops.mean(features, axis=(1, 2, 3), keepdims=True)
    deviation = ops.sqrt(ops.mean(ops.square(centred), axis=(1, 2, 3)))
    return ops.max(ops.abs(features), axis=(1, 2, 3)) / ops.maximum(deviation, 1e-12)


def _normal_peak(count: int) -> float:
    """The median of max |x| over so many N(0, 1) values: P(all |x| < t) = 1/2."""
    return NormalDist().inv_cdf((1 + 0.5 ** (1 / count)) / 2)
