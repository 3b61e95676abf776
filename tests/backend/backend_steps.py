"""A program: twenty training steps on the backend of KERAS_BACKEND, with draws that come from numpy.

python backend_steps.py OPTIONS OUTPUT.npz [CHECKPOINT.npz]: OPTIONS is JSON for `compile`, and may name a `network`.
Starts from the checkpoint, or from fresh weights, and writes the state before (with the suffix .start.npz) and after.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import ops

from keras_stylegan.backend import Adam
from keras_stylegan.config import Config
from keras_stylegan.models.families import NETWORKS
from keras_stylegan.training.callbacks import StopAt, StopOnNonFinite
from keras_stylegan.training.checkpoint import load, save
from keras_stylegan.training.draws import Draws, GeneratorDraws
from keras_stylegan.training.gan import StyleGAN
from keras_stylegan.training.record import Record
from keras_stylegan.training.scheduled_adam import ScheduledAdam
from keras_stylegan.training.state import assign, state, values

STEPS, BATCH, SIZE = 20, 4, 8
RATE = 1e-4


class ReplayedDraws(Draws):
    """Draws number k of step n come from a table, row n, whatever the backend."""

    def __init__(self, gan):
        super().__init__(gan.generator, gan.seed_generator, gan.style_mixing_prob)
        self.step = gan.step
        self.made = 0

    def _row(self, key, draw):
        rows = [draw(np.random.default_rng([step, self.made, key])) for step in range(STEPS)]
        return ops.take(ops.convert_to_tensor(np.stack(rows).astype("float32")), int_tensor(self.step), axis=0)

    def latents(self, batch):
        self.made += 1
        generator = self.generator
        crossover = self._row(2, lambda random: random.integers(1, generator.num_ws + 1, (batch, 1, 1)))
        shapes = generator.synthesis.noise_shapes(batch)
        return GeneratorDraws(
            self._row(0, lambda random: random.normal(size=(batch, generator.z_dim))),
            self._row(1, lambda random: random.normal(size=(batch, generator.z_dim))),
            ops.cast(crossover, "int32"),
            [self._row(3 + k, lambda random, k=k: random.normal(size=shapes[k])) for k in range(len(shapes))],
        )

    def epsilon(self, batch):
        return self._row(100, lambda random: random.uniform(size=(batch, 1, 1, 1)))

    def image_noise(self, batch):
        return self._row(101, lambda random: random.normal(size=(batch, SIZE, SIZE, 1)))

    def augmentation(self, batch, pipeline):
        return (
            self._row(102, lambda random: random.uniform(size=(batch, pipeline.numbers))),
            self._row(103, lambda random: random.normal(size=(batch, SIZE, SIZE, 2))),
        )


class ReplayedGAN(StyleGAN):
    """Counts, on JAX, how often the state really goes back into the variables."""

    syncs = 0

    def jax_state_sync(self):
        """Keras's."""
        self.syncs += getattr(self, "_jax_state", None) is not None and not self._jax_state_synced
        super().jax_state_sync()

    def train_on_images(self, images, labels=None):
        self.draws.made = 0
        return super().train_on_images(images, labels)


def int_tensor(variable):
    return ops.convert_to_tensor(variable.value)


def make_gan(network="stylegan2", **options):
    """WGAN-GP, lazy R1, path length, style mixing, adaptive augmentation, two classes and a covariate."""
    sizes = {"resolution": SIZE, "channel_base": 32, "channel_max": 4, "c_dim": 2, "mapping_layers": 2}
    sizes["covariates"] = {"slice": (1, 9, 5, 2.5)}
    family = NETWORKS[network]
    generator = family.generator(z_dim=3, w_dim=4, seed=0, name="generator", **sizes)
    discriminator = family.discriminator(mbstd_group_size=2, seed=1, name="discriminator", **sizes)
    gan = ReplayedGAN(
        generator, discriminator, ema_kimg=0.02, ema_rampup=None, style_mixing_prob=0.9, batch_size=BATCH, name="gan"
    )
    gan.draws = ReplayedDraws(gan)
    kinds = {"g": ScheduledAdam, "m": Adam, "d": ScheduledAdam}
    rates = {name: kind(RATE, beta_1=0.0, beta_2=0.99, epsilon=1e-8, name=name) for name, kind in kinds.items()}
    gan.compile(
        **{f"{name}_optimizer": optimizer for name, optimizer in rates.items()},
        r1_gamma=1.0,
        r1_interval=4,
        clip_leak=0.1,
        augment={
            "operations": ("blit", "geometry", "scanner", "intensity", "cutout"),
            "ada_kimg": 0.1,
            "ada_target": -0.5,
        },
        schedules={
            "r1_gamma": ((0, 2), (0.05, 0.2)),
            "learning_rate_factor": ((0, 1), (0.1, 0.5)),
            "beta_2": ((0, 0.9), (0.06, 0.99)),
            "ema_kimg": ((0, 0.01), (0.05, 0.1)),
        },
        learning_rates=dict.fromkeys(("g_optimizer", "m_optimizer", "d_optimizer"), RATE),
        pl_weight=2.0,
        pl_interval=4,
        **options,
    )
    return gan


def write(gan, path):
    save(path, values(state(gan)), Record(Config(), ("a", "b"), "", gan.images_seen))


def main(options, output, checkpoint=None):
    gan = make_gan(**options)
    if checkpoint is not None:
        arrays, _ = load(checkpoint)
        assign(state(gan), arrays, checkpoint)
    else:
        random = np.random.default_rng(6)
        # Biases and noise strengths start at zero, where a mistake in their use would not show.
        for variable in [*gan.generator.trainable_variables, *gan.discriminator.trainable_variables]:
            variable.assign(
                ops.convert_to_numpy(variable) + 0.05 * random.normal(size=variable.shape).astype("float32")
            )
    write(gan, output.with_suffix(".start.npz"))
    random = np.random.default_rng(7)
    images = random.uniform(-1, 1, (STEPS * BATCH, SIZE, SIZE, 1)).astype("float32")
    labels = {"class": random.integers(0, 2, STEPS * BATCH).astype("int32")}
    labels["slice"] = random.uniform(1, 9, STEPS * BATCH).astype("float32")
    # A stock callback; then ours: one looks after every step, one into the variables after every tenth.
    stock = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate)
    callbacks = [stock, StopAt(10**9), StopOnNonFinite(kimg=10 * BATCH / 1000)]
    gan.fit(images, labels, batch_size=BATCH, epochs=1, shuffle=False, verbose=0, callbacks=callbacks)
    assert gan.images_seen == STEPS * BATCH
    print(f"syncs {gan.syncs}")
    write(gan, output)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), *map(Path, sys.argv[2:]))
