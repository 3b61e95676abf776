"""Which latent makes this image? The projection of StyleGAN2 (Karras et al. 2019, appendix D).

w starts at the mean style and follows the gradient of a `PerceptualDistance`. In the first three quarters of the steps
it is shaken by normal noise that fades, so that it explores before it settles. The noise maps are followed too, and
kept noise: a penalty holds their neighbours uncorrelated at every scale, and each is brought back to mean 0 and
variance 1 after every step, as they would otherwise paint what the styles cannot.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from keras_stylegan.backend import Adam, compiled, value_and_gradients
from keras_stylegan.backend.branches import in_branches
from keras_stylegan.latent.covariates import spread_labels
from keras_stylegan.latent.latents import draw_latents, draw_noise
from keras_stylegan.latent.perceptual import PerceptualDistance
from keras_stylegan.latent.rendering import Renderer
from keras_stylegan.sizes import height_width

SPACES = ("w", "w+")
BATCH_SIZE = 8
"""Images that are projected together. A constant: it changes the order of sums, and with it the last bits."""
MEAN_LATENTS = 4096
"""Latents for the mean and the size of w; the paper takes 10,000."""
LEARNING_RATE = 0.1
"""In standard deviations of w."""
RAMP_UP, RAMP_DOWN = 0.05, 0.25
"""Parts of the steps in which the learning rate rises and falls."""
SHAKING, SHAKEN = 0.05, 0.75
"""Noise of w at the beginning, in lengths of w; part of the steps until it has faded."""
NOISE_WEIGHT = 0.05
"""Of the penalty of noise in units of what independent values have. The paper's 1e5 is for maps of 1024x1024 pixels,
where it is 0.1 in these units; at 64x64 it would leave the maps as they were drawn."""
LEAK = 0.1
SMALLEST = 8
"""Noise maps are halved down to this size for the penalty."""


class Projection(NamedTuple):
    """What `Projector.project` found, one entry per image."""

    ws: np.ndarray
    """(N, num_ws, w_dim) float32; the same w in every layer in the space 'w'."""
    noise: list[np.ndarray]
    """Noise maps (N, h, w, 1) float32 from coarse to fine; empty where they were not followed."""
    images: np.ndarray
    """(N, H, W, C) float32 in [-1, 1]: what the generator makes of them."""
    distances: np.ndarray
    """(N,) `PerceptualDistance` to the image that was asked for."""
    film: np.ndarray
    """(F, n, H, W, C) float32: the way of the first n <= BATCH_SIZE images."""


class Projector:
    """Projects images into the latent space of a generator; compiled once, whatever the number of images.

    Args:
        generator: A `keras_stylegan.models.families.GeneratorNetwork`, built. Its weights are read, not changed.
        space: 'w' has one w per image, as the mapping network gives it; 'w+' one per layer, which fits more and may
            leave what the generator was trained to make (Abdal et al. 2019).
        steps: Of the optimiser.
        noise: 'optimised', or 'const' for the network's own maps. A network whose noise has strength 0 has 'const'.
        seed: Of everything that is drawn.
    """

    def __init__(self, generator, space="w", steps=500, noise="optimised", seed=0):
        self.generator, self.space, self.steps, self.seed = generator, space, steps, seed
        size = height_width(generator.resolution)
        self.distance = PerceptualDistance(*size, generator.channels)
        self.follows_noise = noise == "optimised" and uses_noise(generator)
        w = mean_styles(generator)
        self.w_mean = w.mean(axis=0)
        # One number for all dimensions, as in the paper: E|w - mean|^2 = w_dim · w_size^2.
        self.w_size = float(np.sqrt(np.mean((w - self.w_mean) ** 2)))
        layers = 1 if space == "w" else generator.num_ws
        self.offsets = _variable((BATCH_SIZE, layers, generator.w_dim), "offsets")
        self.shaking = _variable(self.offsets.shape, "shaking", trainable=False)
        shapes = generator.synthesis.noise_shapes(BATCH_SIZE) if self.follows_noise else []
        self.noise = [_variable(shape, f"noise_{index}") for index, shape in enumerate(shapes)]
        self.goal = [
            _variable((BATCH_SIZE, *shape), f"goal_{k}", False) for k, shape in enumerate(self.distance.shapes)
        ]
        self.optimizer = Adam(LEARNING_RATE, beta_1=0.9, beta_2=0.999, epsilon=1e-8)
        self.optimizer.build([self.offsets, *self.noise])
        own = [self.offsets, self.shaking, *self.noise, *self.goal]
        self._step = compiled(self._followed, [*own, *self.optimizer.variables])
        self._final = compiled(self._found, own)

    def project(
        self,
        images: np.ndarray,
        advance: Callable[[int], None] | None = None,
        film_steps: Sequence[int] = (),
    ) -> Projection:
        """The latents whose images are nearest.

        Each image goes its own way: what is found for it depends on its place in `images`, which numbers its random
        draws, and on nothing else.

        Args:
            images: (N, H, W, C) float32 in [-1, 1], N >= 1, of the generator's size and colour.
            advance: Called after every step with the number of images that made it.
            film_steps: Steps whose images are kept of the first images; the last step is `steps`.
        """
        parts, film = [], []
        for start in range(0, len(images), BATCH_SIZE):
            kept = min(BATCH_SIZE, len(images) - start)
            rows = np.minimum(np.arange(start, start + BATCH_SIZE), len(images) - 1)
            self._begin(images[rows], start)
            draws = [_shaking_draws(self.seed, start + index) for index in range(BATCH_SIZE)]
            for step in range(self.steps):
                self._set_rates(step, draws)
                shown = self._step()
                if start == 0 and step in film_steps:
                    film.append(ops.convert_to_numpy(shown)[:kept])
                if advance is not None:
                    advance(kept)
            self.shaking.assign(np.zeros(self.shaking.shape, np.float32))
            parts.append([ops.convert_to_numpy(part)[:kept] for part in keras.tree.flatten(self._final())])
            if start == 0 and self.steps in film_steps:
                film.append(parts[0][1])
        ws, found, distances, *noise = (np.concatenate(part) for part in zip(*parts, strict=True))
        shape = (0, *parts[0][1].shape)
        return Projection(ws, noise, found, np.sqrt(distances), np.stack(film) if film else np.zeros(shape, np.float32))

    def _begin(self, images, start):
        """Start a batch: the mean style, fresh noise maps, an optimizer without a past."""
        self.offsets.assign(np.zeros(self.offsets.shape, np.float32))
        sizes = [variable.shape[1:3] for variable in self.noise]
        indices = range(start, start + BATCH_SIZE)
        for variable, drawn in zip(self.noise, draw_noise(self.seed, indices, sizes), strict=True):
            variable.assign(drawn)
        for variable, value in zip(self.goal, self.distance.maps(images), strict=True):
            variable.assign(value)
        for variable in self.optimizer.variables:
            variable.assign(ops.zeros(variable.shape, variable.dtype))

    def _set_rates(self, step, draws):
        done = step / self.steps
        down = min(1.0, (1.0 - done) / RAMP_DOWN)
        rate = LEARNING_RATE * (0.5 - 0.5 * np.cos(np.pi * down)) * min(1.0, (step + 1) / (RAMP_UP * self.steps))
        self.optimizer.learning_rate = rate
        # In units of the offsets the length of w is the root of its dimensions.
        strength = SHAKING * np.sqrt(self.generator.w_dim) * max(0.0, 1.0 - done / SHAKEN) ** 2
        shape = self.shaking.shape[1:]
        drawn = np.stack([generator.standard_normal(shape, dtype=np.float32) for generator in draws])
        self.shaking.assign(np.float32(strength) * drawn)

    def _images(self):
        """(styles, images, distances) of the variables."""
        offsets = ops.convert_to_tensor(self.offsets) + ops.convert_to_tensor(self.shaking)
        ws = ops.convert_to_tensor(self.w_mean) + self.w_size * offsets
        if self.space == "w":
            ws = ops.repeat(ws, self.generator.num_ws, axis=1)
        synthesis = self.generator.synthesis
        if self.noise:
            noise = [ops.convert_to_tensor(variable) for variable in self.noise]
            images = in_branches(lambda ws, noise: synthesis(ws, noise=noise), ws, noise)
        else:
            images = in_branches(lambda ws: synthesis(ws, noise="const"), ws)
        images = _clipped(images)
        goal = [ops.convert_to_tensor(variable) for variable in self.goal]
        return ws, images, self.distance.between(self.distance.maps(images), goal)

    def _followed(self):
        """One step; the images before it."""

        def loss():
            _, images, distances = self._images()
            # A sum, not a mean: the gradient of an image knows nothing of the others.
            total = ops.sum(distances)
            for variable in self.noise:
                total = total + NOISE_WEIGHT * ops.sum(correlation(ops.convert_to_tensor(variable)))
            return total, images

        _, images, gradients = value_and_gradients(loss, [self.offsets, *self.noise])
        self.optimizer.apply(gradients, [self.offsets, *self.noise])
        for variable in self.noise:
            variable.assign(normalized(ops.convert_to_tensor(variable)))
        return images

    def _found(self):
        ws, images, distances = self._images()
        return [ws, images, distances, *(ops.convert_to_tensor(variable) for variable in self.noise)]


def _clipped(images):
    """Images as they are shown, in [-1, 1]; what lies beyond still has a part of its gradient, to find its way back."""
    leaked = LEAK * images + (1 - LEAK) * ops.clip(images, -1.0, 1.0)
    return leaked + ops.stop_gradient(ops.clip(images, -1.0, 1.0) - leaked)


def correlation(noise):
    """Σ over scales of m·((E[n(x, y) n(x − 1, y)])² + (E[n(x, y) n(x, y − 1)])²), of noise maps (N, h, w, 1): (N,).

    Appendix D: the maps and their averages of 2x2 values, times 2 to keep their variance, down to 8x8. There without
    m, the pixels of the scale: with it independent values have 2 on average, whatever the size.
    """
    total = 0.0
    while True:
        height, width = noise.shape[1:3]
        for axis in (1, 2):
            product = ops.mean(noise * ops.roll(noise, 1, axis=axis), axis=(1, 2, 3))
            total = total + height * width * ops.square(product)
        if min(height, width) <= SMALLEST or height % 2 or width % 2:
            return total
        halves = ops.reshape(noise, (-1, height // 2, 2, width // 2, 2, 1))
        noise = 2.0 * ops.mean(halves, axis=(2, 4))


def normalized(noise):
    """Every map of (N, h, w, 1) with mean 0 and variance 1."""
    centred = noise - ops.mean(noise, axis=(1, 2, 3), keepdims=True)
    return centred / ops.sqrt(ops.mean(ops.square(centred), axis=(1, 2, 3), keepdims=True) + 1e-12)


def uses_noise(generator) -> bool:
    """Whether noise changes the images: a network that was trained without has learned strengths of 0."""
    if not generator.synthesis.noise_shapes(1):
        return False
    ws = np.repeat(ops.convert_to_numpy(generator.mapping.w_avg)[None, None], generator.num_ws, axis=1)
    drawn = [ops.convert_to_tensor(noise) for noise in draw_noise(0, [0], _noise_sizes(generator))]
    with_noise = generator.synthesis(ops.convert_to_tensor(ws), noise=drawn)
    without = generator.synthesis(ops.convert_to_tensor(ws), noise="none")
    return bool(ops.convert_to_numpy(ops.max(ops.abs(with_noise - without))) > 0)


def mean_styles(generator, count: int = MEAN_LATENTS) -> np.ndarray:
    """w (count, w_dim) of latents of seed 0, with labels all over what the generator can be asked for."""
    z, label = draw_latents(0, range(count), generator.z_dim), spread_labels(generator, count)
    return Renderer(generator).styles(z, label)[:, 0]


def _noise_sizes(generator):
    return [shape[1:3] for shape in generator.synthesis.noise_shapes(1)]


def _variable(shape, name, trainable=True):
    return keras.Variable(np.zeros(shape, np.float32), trainable=trainable, name=name)


def _shaking_draws(seed, index):
    """Philox with the key (seed, index), beyond what `latents` draws from it."""
    words = np.array([seed, index], np.uint64)
    return np.random.Generator(np.random.Philox(key=words, counter=np.array([0, 0, 0, 2], np.uint64)))
