"""Every layer and network in a small size, the tensors to call it with, and what their tests share."""

from dataclasses import dataclass, field

import keras
import numpy as np
import pytest

from keras_stylegan.layers.adain import AdaIN
from keras_stylegan.layers.adain_conv import AdaINConv2D, AdaINEpilogue
from keras_stylegan.layers.equalized import EqualizedConv2D, EqualizedDense
from keras_stylegan.layers.minibatch_stddev import DeviationMaps, MinibatchStddev
from keras_stylegan.layers.modulated_conv import ModulatedConv2D
from keras_stylegan.layers.noise import NoiseInjection
from keras_stylegan.layers.styled_conv import StyledConv2D, ToRGB
from keras_stylegan.models import (
    Discriminator,
    Generator,
    MappingNetwork,
    StyleGANDiscriminator,
    StyleGANGenerator,
    StyleGANSynthesis,
    SynthesisNetwork,
)

SMALL = {"resolution": 8, "channel_base": 32, "channel_max": 6}
"""A network of 8x8 pixels: 6 channels at 4, 4 at 8."""
GROWING = SMALL | {"growing_start": 4}
OBLONG = SMALL | {"resolution": (8, 10)}
"""8x10 is 4x5 doubled, with the channels of 4x4 and 8x8."""


@dataclass(frozen=True)
class Case:
    """One layer or network and how to call it."""

    kind: type
    arguments: dict
    """Constructor arguments, all but `seed`."""
    shapes: dict
    """Name of a call argument to its shape without the batch axis; None for an argument that must be None."""
    float32_output: bool = False
    """Whether the output is at least float32 whatever the layer computes in."""
    tolerance: float = field(default=0.05)
    """Largest difference to float32 in mixed precision, relative to the largest output."""

    def make(self, **options):
        return self.kind(**({"seed": 7} if self.has_seed else {}), **self.arguments, **options)

    @property
    def has_seed(self):
        return self.kind is not MinibatchStddev

    @property
    def is_network(self):
        return issubclass(self.kind, keras.Model)

    def inputs(self, batch=4, seed=0):
        """Positional arguments of a call, float32."""
        rng = np.random.default_rng(seed)
        return [
            None if shape is None else rng.normal(size=(batch, *shape)).astype(np.float32)
            for shape in self.shapes.values()
        ]

    def input_shapes(self, batch):
        return [None if shape is None else (batch, *shape) for shape in self.shapes.values()]

    def built(self, **options):
        """The layer with all its weights drawn anew: zeros would hide what they multiply."""
        layer = self.make(**options)
        layer(*self.inputs())
        randomize(layer)
        return layer


def randomize(layer, seed=3):
    """Add noise to every weight that starts at a constant (biases, noise strengths, running means).

    What grows is half way between two levels, or nearly so.
    """
    rng = np.random.default_rng(seed)
    for variable in layer.weights:
        value = variable.numpy()
        if variable.name == "growth":
            variable.assign(0.4)
        elif value.dtype.kind == "f" and np.all(value == value.ravel()[0]):
            variable.assign(value + 0.3 * rng.normal(size=value.shape))


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def nchw(x):
    return np.asarray(x, np.float64).transpose(0, 3, 1, 2)


def oihw(kernel):
    return kernel.numpy().astype(np.float64).transpose(3, 2, 0, 1)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5 * np.max(np.abs(expected)))


IMAGE, LABEL = (8, 8, 1), (3,)
FEATURES = (4, 4, 6)
COVARIATES = {"slice": [-1.0, 1.0, 0.0, 2.0], "age": [-2.0, 3.0, 0.5, 4.0]}

CASES = {
    "dense": Case(EqualizedDense, {"units": 5}, {"inputs": (7,)}),
    "dense activated": Case(
        EqualizedDense,
        {"units": 5, "activation": "leaky_relu", "lr_multiplier": 0.01, "bias_init": 1.0},
        {"inputs": (7,)},
    ),
    "conv 1x1": Case(EqualizedConv2D, {"filters": 5, "kernel_size": 1}, {"inputs": FEATURES}),
    "conv linear": Case(
        EqualizedConv2D,
        {"filters": 5, "kernel_size": 3, "activation": None, "use_bias": False, "gain": 0.5, "clamp": 256.0},
        {"inputs": FEATURES},
    ),
    "conv down": Case(
        EqualizedConv2D, {"filters": 5, "kernel_size": 3, "down": True, "clamp": 0.9}, {"inputs": (8, 8, 3)}
    ),
    "conv 1x1 down": Case(EqualizedConv2D, {"filters": 5, "kernel_size": 1, "down": True}, {"inputs": (8, 8, 3)}),
    "minibatch stddev": Case(MinibatchStddev, {"group_size": 2, "epsilon": 1e-4}, {"inputs": FEATURES}),
    "deviation maps": Case(DeviationMaps, {"group_size": 2, "epsilon": 1e-4}, {"inputs": FEATURES}),
    "modulated conv": Case(
        ModulatedConv2D, {"filters": 5, "gain": 0.7, "epsilon": 1e-6}, {"inputs": FEATURES, "style": (6,)}, True
    ),
    "modulated conv up": Case(ModulatedConv2D, {"filters": 5, "up": True}, {"inputs": FEATURES, "style": (6,)}, True),
    "noise": Case(NoiseInjection, {"gain": 0.5}, {"inputs": FEATURES}),
    "noise per channel": Case(NoiseInjection, {"per_channel": True}, {"inputs": FEATURES}),
    "adain": Case(AdaIN, {"epsilon": 1e-6}, {"inputs": FEATURES, "w": (5,)}),
    "adain epilogue": Case(AdaINEpilogue, {"clamp": 2.0}, {"inputs": (4, 5, 6), "w": (5,)}),
    "adain conv": Case(AdaINConv2D, {"filters": 5, "clamp": 2.0}, {"inputs": FEATURES, "w": (5,)}),
    "adain conv up": Case(AdaINConv2D, {"filters": 5, "up": True}, {"inputs": FEATURES, "w": (5,)}),
    "styled conv": Case(StyledConv2D, {"filters": 5, "gain": 0.7, "clamp": 2.0}, {"inputs": FEATURES, "w": (5,)}),
    "styled conv up": Case(StyledConv2D, {"filters": 5, "up": True}, {"inputs": FEATURES, "w": (5,)}),
    "to rgb": Case(ToRGB, {"channels": 3, "clamp": 256.0}, {"inputs": FEATURES, "w": (5,)}),
    "mapping": Case(
        MappingNetwork,
        {"z_dim": 6, "w_dim": 5, "num_ws": 4, "num_layers": 2, "lr_multiplier": 0.1, "w_avg_beta": 0.9},
        {"z": (6,)},
    ),
    "mapping labels": Case(
        MappingNetwork, {"z_dim": 6, "w_dim": 5, "num_ws": 4, "c_dim": 3, "num_layers": 1}, {"z": (6,), "label": LABEL}
    ),
    "mapping covariates": Case(
        MappingNetwork,
        {"z_dim": 6, "w_dim": 5, "num_ws": 4, "c_dim": 1, "covariates": COVARIATES, "num_layers": 1},
        {"z": (6,), "label": LABEL},
    ),
    "mapping labels only": Case(
        MappingNetwork,
        {"z_dim": 0, "w_dim": 5, "c_dim": 3, "num_layers": 2, "w_avg_beta": None},
        {"z": None, "label": LABEL},
    ),
    "synthesis skip": Case(SynthesisNetwork, {"w_dim": 5, **SMALL}, {"ws": (4, 5)}, True),
    "synthesis resnet rgb": Case(
        SynthesisNetwork,
        {"w_dim": 5, "channels": 3, "architecture": "resnet", "conv_clamp": 256.0, **SMALL},
        {"ws": (4, 5)},
        True,
    ),
    "synthesis grows": Case(SynthesisNetwork, {"w_dim": 5, **GROWING}, {"ws": (4, 5)}, True),
    "stylegan synthesis grows": Case(StyleGANSynthesis, {"w_dim": 5, **GROWING}, {"ws": (4, 5)}, True),
    "discriminator grows": Case(Discriminator, {"mbstd_group_size": 2, **GROWING}, {"images": IMAGE}, True),
    "discriminator at its first level": Case(
        Discriminator, {"mbstd_group_size": 2, **GROWING}, {"images": (4, 4, 1)}, True
    ),
    "synthesis oblong": Case(SynthesisNetwork, {"w_dim": 5, **OBLONG}, {"ws": (4, 5)}, True),
    "discriminator oblong": Case(Discriminator, {"mbstd_group_size": 2, **OBLONG}, {"images": (8, 10, 1)}, True),
    "generator": Case(Generator, {"z_dim": 6, "w_dim": 5, "mapping_layers": 2, **SMALL}, {"z": (6,)}, True),
    "generator labels rgb resnet": Case(
        Generator,
        {
            "z_dim": 6,
            "w_dim": 5,
            "c_dim": 3,
            "channels": 3,
            "architecture": "resnet",
            "mapping_layers": 3,
            "conv_clamp": 256.0,
            **GROWING,
        },
        {"z": (6,), "label": LABEL},
        True,
    ),
    "discriminator": Case(Discriminator, {"mbstd_group_size": 2, **SMALL}, {"images": IMAGE}, True),
    "discriminator labels rgb": Case(
        Discriminator,
        {
            "c_dim": 3,
            "channels": 3,
            "mbstd_group_size": 4,
            "mbstd_maps": True,
            "mapping_layers": 2,
            "conv_clamp": 256.0,
            **SMALL,
        },
        {"images": (8, 8, 3), "label": LABEL},
        True,
    ),
    "discriminator covariates": Case(
        Discriminator,
        {"covariates": COVARIATES | {"sex": [0.0, 1.0, 0.5, 0.5]}, "mbstd_group_size": 2, "mapping_layers": 1, **SMALL},
        {"images": IMAGE, "label": LABEL},
        True,
    ),
    "generator covariates": Case(
        Generator,
        {"z_dim": 6, "w_dim": 5, "c_dim": 1, "covariates": COVARIATES, "mapping_layers": 1, **SMALL},
        {"z": (6,), "label": LABEL},
        True,
    ),
    "stylegan generator covariates": Case(
        StyleGANGenerator,
        {"z_dim": 6, "w_dim": 5, "c_dim": 1, "covariates": COVARIATES, "mapping_layers": 1, **SMALL},
        {"z": (6,), "label": LABEL},
        True,
    ),
    "stylegan discriminator covariates": Case(
        StyleGANDiscriminator,
        {"c_dim": 1, "covariates": COVARIATES, "mbstd_group_size": 2, "mapping_layers": 1, **SMALL},
        {"images": IMAGE, "label": LABEL},
        True,
    ),
    "stylegan synthesis oblong rgb": Case(
        StyleGANSynthesis, {"w_dim": 5, "channels": 3, "conv_clamp": 256.0, **OBLONG}, {"ws": (4, 5)}, True
    ),
    "stylegan generator labels rgb": Case(
        StyleGANGenerator,
        {"z_dim": 6, "w_dim": 5, "c_dim": 3, "channels": 3, "mapping_layers": 3, "conv_clamp": 256.0, **GROWING},
        {"z": (6,), "label": LABEL},
        True,
    ),
    "stylegan discriminator labels rgb": Case(
        StyleGANDiscriminator,
        {
            "c_dim": 3,
            "channels": 3,
            "mbstd_group_size": 2,
            "mbstd_maps": True,
            "mapping_layers": 2,
            "conv_clamp": 256.0,
            **GROWING,
        },
        {"images": (8, 8, 3), "label": LABEL},
        True,
    ),
}
"""Every layer and network, in every shape that takes another path through its code."""


def parameters(cases: dict[str, Case]) -> list:
    """The cases for pytest: what is composed of others' parts, in colour, oblong or with covariates, is slow."""
    slow = {name for name in cases if any(word in name for word in ("rgb", "oblong", "covariates"))}
    return [pytest.param(case, id=name, marks=pytest.mark.slow if name in slow else ()) for name, case in cases.items()]
