"""A StyleGAN of 8x8 pixels with stochastic gradient descent, small enough to run eagerly."""

import keras
import numpy as np

from keras_stylegan.models import Discriminator, Generator
from keras_stylegan.training.gan import StyleGAN

RATES = {"g_optimizer": 0.1, "m_optimizer": 0.2, "d_optimizer": 0.3}
BATCH = 4


def make_gan(
    c_dim=0,
    group=2,
    mbstd_maps=False,
    optimizer=keras.optimizers.SGD,
    mixing=0.0,
    batch_size=BATCH,
    dtype="float32",
    covariates=None,
    **options,
):
    sizes = {
        "resolution": 8,
        "channel_base": 32,
        "channel_max": 4,
        "c_dim": c_dim,
        "mapping_layers": 1,
        "covariates": covariates,
    }
    sizes |= {"dtype": dtype, "conv_clamp": 256.0 if dtype == "mixed_float16" else None}
    generator = Generator(z_dim=3, w_dim=4, seed=0, name="generator", **sizes)
    generator.build()
    for conv in generator.synthesis.convs:
        conv.noise.strength.assign(0.5)
    gan = StyleGAN(
        generator,
        Discriminator(mbstd_group_size=group, mbstd_maps=mbstd_maps, seed=1, name="discriminator", **sizes),
        ema_kimg=0.008,
        ema_rampup=None,
        style_mixing_prob=mixing,
        batch_size=batch_size,
        seed=5,
        name="stylegan",
    )
    gan.compile(**{name: optimizer(rate, name=name) for name, rate in RATES.items()}, **options)
    return gan


def images(seed=0, count=BATCH):
    return np.random.default_rng(seed).uniform(-1, 1, (count, 8, 8, 1)).astype(np.float32)


def values(network):
    return [variable.numpy() for variable in network.variables]


def trained(network):
    return [variable.numpy() for variable in network.trainable_variables]


def clone(network):
    copy = type(network).from_config(network.get_config())
    copy.build()
    for target, source in zip(copy.variables, network.variables, strict=True):
        target.assign(source)
    return copy


def count(gan, name):
    return int(gan.trackers[name].count)
