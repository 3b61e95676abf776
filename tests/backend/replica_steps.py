"""A program: six training steps on the replicas of the environment, with draws that come from numpy.

python replica_steps.py OUTPUT REPLICAS DISTRIBUTION: writes OUTPUT.<process>.npz with the losses of every step
(`losses`), how much the replicas' own draws differ (`spread`) and the state. DISTRIBUTION is that of
`replicas.start`; "blocks" is one process whose minibatch deviation keeps to REPLICAS blocks of the batch.
"""

import os
import sys

import keras
import numpy as np
from keras import ops

REPLICAS, DISTRIBUTION = int(sys.argv[2]), sys.argv[3]
BACKEND = keras.backend.backend()
BATCH, STEPS, SIZE = 8, 6, 8

if DISTRIBUTION == "mirrored" and BACKEND == "tensorflow":
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * REPLICAS)

from keras_stylegan.backend import replicas  # noqa: E402

if DISTRIBUTION != "blocks":
    assert replicas.start(DISTRIBUTION) == DISTRIBUTION
    assert replicas.num_replicas() == REPLICAS

from keras_stylegan.backend import Adam  # noqa: E402
from keras_stylegan.config import Config  # noqa: E402
from keras_stylegan.data.image_set import ImageSet, label_record  # noqa: E402
from keras_stylegan.data.pipeline import TrainingBatches, fit_epochs  # noqa: E402
from keras_stylegan.layers.minibatch_stddev import MinibatchStddev  # noqa: E402
from keras_stylegan.models import Discriminator, Generator  # noqa: E402
from keras_stylegan.training.checkpoint import save  # noqa: E402
from keras_stylegan.training.draws import Draws, GeneratorDraws  # noqa: E402
from keras_stylegan.training.gan import StyleGAN  # noqa: E402
from keras_stylegan.training.record import Record  # noqa: E402
from keras_stylegan.training.scheduled_adam import ScheduledAdam  # noqa: E402
from keras_stylegan.training.state import state  # noqa: E402


class ReplayedDraws(Draws):
    """Every draw of a replica is its rows of one constant draw for the whole batch; those of its own are compared."""

    def __init__(self, gan):
        super().__init__(gan.generator, gan.seed_generator, gan.style_mixing_prob)
        self.spread = gan.spread

    def _rows(self, batch, kind, *sizes, **options):
        whole = getattr(np.random.default_rng(sizes), kind)(size=(batch * replicas.num_replicas(), *sizes), **options)
        whole = ops.convert_to_tensor(whole.astype("int32" if kind == "integers" else "float32"))
        return ops.take(whole, replicas.replica_id() * batch + ops.arange(batch), axis=0)

    def latents(self, batch):
        own = super().latents(batch)
        mean, square = replicas.all_mean([own.z, ops.square(own.z)])
        self.spread.assign(ops.mean(square - ops.square(mean)))
        generator = self.generator
        return GeneratorDraws(
            self._rows(batch, "normal", generator.z_dim),
            self._rows(batch, "uniform", generator.z_dim),
            self._rows(batch, "integers", 1, 1, low=1, high=generator.num_ws + 1),
            [self._rows(batch, "normal", *shape[1:]) for shape in generator.synthesis.noise_shapes(batch)],
        )

    def epsilon(self, batch):
        return self._rows(batch, "uniform", 1, 1, 1)

    def image_noise(self, batch):
        return self._rows(batch, "normal", SIZE, SIZE, 1)

    def augmentation(self, batch, pipeline):
        return self._rows(batch, "uniform", pipeline.numbers), self._rows(batch, "normal", SIZE, SIZE, 2)


class ReplayedGAN(StyleGAN):
    """Has a variable that says how far the replicas' own latents are apart."""

    def build(self, images_shape=None):
        self.spread = self.add_weight((), "zeros", "float32", name="spread", trainable=False)
        self.draws = ReplayedDraws(self)
        super().build(images_shape)


def make_gan():
    """Logistic loss, lazy R1 and path length, style mixing, adaptive augmentation."""
    sizes = {"resolution": SIZE, "channel_base": 32, "channel_max": 4, "mapping_layers": 2}
    generator = Generator(z_dim=6, w_dim=6, seed=0, name="generator", **sizes)
    generator.build()
    for conv in generator.synthesis.convs:
        conv.noise.strength.assign(0.5)
    gan = ReplayedGAN(
        generator,
        Discriminator(mbstd_group_size=2, seed=1, name="discriminator", **sizes),
        ema_kimg=0.05,
        ema_rampup=None,
        style_mixing_prob=0.9,
        batch_size=BATCH // replicas.num_replicas(),
        seed=5,
        name="stylegan",
    )
    optimizers = {
        f"{name}_optimizer": kind(0.002, beta_1=0.0, beta_2=0.99, epsilon=1e-8, name=name)
        for name, kind in {"g": Adam, "m": Adam, "d": ScheduledAdam}.items()
    }
    gan.compile(
        **optimizers,
        adversarial="logistic",
        gp_weight=0.0,
        r1_gamma=1.0,
        schedules={"r1_gamma": ((0, 2), (0.04, 0.5)), "beta_2": ((0, 0.9), (0.04, 0.99))},
        r1_interval=2,
        pl_weight=2.0,
        pl_interval=3,
        augment={"operations": ("flip", "rotation", "noise", "gain"), "ada_kimg": 0.05, "ada_target": -0.5},
        jit_compile=BACKEND == "jax",
    )
    return gan


def copies(variable):
    """The values of a variable on the replicas of this process."""
    if BACKEND == "tensorflow" and DISTRIBUTION != "blocks":
        local = replicas._replicas._strategy.experimental_local_results(variable.value)
        return [item.numpy() for item in local]
    if BACKEND == "jax" and DISTRIBUTION == "mirrored":
        return [np.asarray(shard.data) for shard in variable.value.addressable_shards]
    return [ops.convert_to_numpy(variable)]


class Losses(keras.callbacks.Callback):
    """The losses after every step."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def on_train_batch_end(self, batch, logs=None):
        self.rows.append((float(logs["d_loss"]), float(logs["g_loss"])))


def main(output):
    if DISTRIBUTION == "blocks":
        whole = MinibatchStddev.call

        def call(self, inputs):
            return ops.concatenate([whole(self, block) for block in ops.split(inputs, REPLICAS, axis=0)], axis=0)

        MinibatchStddev.call = call
    random = np.random.default_rng(0)
    count = BATCH * STEPS // 2
    names = np.arange(count).astype(str)
    pixels = random.integers(0, 256, (count, SIZE, SIZE, 1)).astype(np.uint8)
    images = ImageSet(pixels, label_record(np.zeros(count)), ("all",), names, names, "", "")
    batches = TrainingBatches(images, BATCH, seed=3, horizontal_flip=True, part=replicas.data_part())
    with replicas.scope():
        gan = make_gan()
    losses = Losses()
    fit_epochs(gan, batches, 2, [losses], verbose=0)
    assert gan.images_seen == BATCH * STEPS
    arrays = {}
    for name, variable in state(gan).items():
        first, *others = copies(variable)
        assert all(np.array_equal(first, other) for other in others), f"replicas differ in {name}"
        assert len(others) + 1 == REPLICAS // replicas.num_processes() or DISTRIBUTION == "blocks"
        arrays[name] = ops.convert_to_numpy(variable)
    arrays |= {"losses": np.array(losses.rows), "spread": ops.convert_to_numpy(gan.spread)}
    save(output.with_suffix(f".{replicas.process_index()}.npz"), arrays, Record(Config(), ("a",), "", gan.images_seen))


if __name__ == "__main__":
    from pathlib import Path

    main(Path(os.path.abspath(sys.argv[1])))
