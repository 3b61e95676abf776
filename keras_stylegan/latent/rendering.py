"""Runs a generator over any number of latents in batches of one constant shape."""

from collections.abc import Sequence

import keras
import numpy as np

from keras_stylegan.backend.branches import in_branches
from keras_stylegan.backend.replicas import local_values
from keras_stylegan.latent.latents import draw_noise

BATCH_SIZE = 8
"""Images that are computed together. A constant and no option, because the batch size changes the order of the sums
in a matrix product and with it the last bits of an image."""


class Renderer:
    """Latents to styles to images, compiled once.

    Every batch is padded to `BATCH_SIZE`: each network is traced for one shape only, and an image does not depend on
    how many others are drawn. The weights are read at every call: a renderer made before training shows the trained
    network afterwards.

    Args:
        generator: A `keras_stylegan.models.families.GeneratorNetwork`.
        noise: 'const' (the network's fixed buffers), 'random' (drawn per image from (seed, index)) or 'none'.
        seed: Of the noise, when it is 'random'.
        truncation_psi: Styles are moved towards their mean: w_avg + ψ·(w − w_avg) (StyleGAN, section 'Truncation
            trick in W'); 1 leaves them, 0 is the mean image.
        truncation_cutoff: Number of layers, from coarse to fine, that are truncated; None: all.
        moved: Function of truncated styles (N, num_ws, w_dim) that gives those to draw; None leaves them.
    """

    def __init__(self, generator, noise="const", seed=0, truncation_psi=1.0, truncation_cutoff=None, moved=None):
        self.generator, self.moved = generator, moved
        self.noise, self.seed = noise, seed
        self._noise_sizes = [shape[1:3] for shape in generator.synthesis.noise_shapes(1)]
        self._mapping = Function(generator.mapping, truncation_psi=truncation_psi, truncation_cutoff=truncation_cutoff)
        self._synthesis = Function(generator.synthesis, **({} if noise == "random" else {"noise": noise}))

    def styles(self, z: np.ndarray, label: np.ndarray | None = None) -> np.ndarray:
        """Styles of latents, truncated and moved.

        Args:
            z: (N, z_dim) float32.
            label: (N, c_dim) one-hot float32; None for an unconditional generator.

        Returns:
            (N, num_ws, w_dim) float32.
        """
        ws = in_batches(self._mapping, {"z": z} if label is None else {"z": z, "label": label})
        return ws if self.moved is None else self.moved(ws)

    def images(self, ws: np.ndarray, indices: Sequence[int] | None = None) -> np.ndarray:
        """Images of styles.

        Args:
            ws: (N, num_ws, w_dim) float32.
            indices: Number of every image, for its noise when `noise` is 'random'. By default all have the noise of
                image 0, so that pictures to be compared and the frames of an animation differ by their styles only.

        Returns:
            (N, H, W, C) float32, about [-1, 1].
        """
        inputs = {"ws": ws}
        if self.noise == "random":
            inputs["noise"] = draw_noise(self.seed, [0] * len(ws) if indices is None else indices, self._noise_sizes)
        return in_batches(self._synthesis, inputs)


def in_batches(function, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """What a `Function` of arrays (N, …) returns, `BATCH_SIZE` rows at a time: (N, …)."""
    count = len(next(iter(inputs.values())))
    outputs = []
    for start in range(0, count, BATCH_SIZE):
        # Past the end the last image again: zeros could be an input on which the network is not finite.
        rows = np.minimum(np.arange(start, start + BATCH_SIZE), count - 1)
        batch = keras.tree.map_structure(lambda array, rows=rows: array[rows], inputs)
        with local_values():
            outputs.append(function.predict_on_batch(batch))
    return np.concatenate(outputs)[:count]


class Function(keras.Model):
    """A layer or function with fixed keyword arguments, as a model: `predict_on_batch` compiles it on every backend."""

    def __init__(self, layer, **arguments):
        super().__init__(name="function")
        self.layer = layer
        self.arguments = arguments

    def call(self, inputs):
        """A dictionary of keyword arguments to what the layer returns."""
        return in_branches(lambda inputs: self.layer(**inputs, **self.arguments), inputs)
