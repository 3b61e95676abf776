"""Mixed precision: what would overflow, vanish or saturate in 16 bits and must not."""

import keras
import numpy as np
import pytest
from helpers import SMALL, randomize
from keras import ops

from keras_stylegan.backend import value_and_gradients
from keras_stylegan.layers.equalized import EqualizedConv2D
from keras_stylegan.layers.modulated_conv import ModulatedConv2D
from keras_stylegan.layers.styled_conv import StyledConv2D
from keras_stylegan.models import Discriminator, Generator

POLICIES = ("mixed_bfloat16", "mixed_float16")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def pair(kind, *arguments, dtype, inputs, **options):
    """A layer with that policy and one in float32 with the same weights."""
    layers = [kind(*arguments, seed=0, dtype=policy, **options) for policy in (dtype, "float32")]
    for layer in layers:
        layer(*inputs)
    randomize(layers[1])
    for variable, value in zip(layers[0].weights, layers[1].weights, strict=True):
        variable.assign(value)
    return layers


def dtype_of(tensor):
    return keras.backend.standardize_dtype(tensor.dtype)


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize(("style", "kernel"), [(1e5, 1.0), (1e-6, 1.0), (1.0, 1e5), (1.0, 1e-5)])
def test_no_scale_of_style_or_kernel_leaves_float16(up, style, kernel):
    """Demodulation takes both scales out again; inputs are as large as a clamp of 256 lets them be."""
    inputs = np.full((2, 8, 8, 64), 256.0, np.float32), style * normal(2, 64)
    mixed, full = pair(ModulatedConv2D, 8, dtype="mixed_float16", inputs=inputs, up=up, epsilon=1e-30)
    for layer in (mixed, full):
        layer.kernel.assign(kernel * normal(*layer.kernel.shape, seed=1))
    expected = np.asarray(full(*inputs))
    assert np.max(np.abs(np.asarray(mixed(*inputs)) - expected)) < 5e-3 * np.max(np.abs(expected))


@pytest.mark.parametrize("policy", POLICIES)
def test_gradients_that_sum_over_pixels_do_not_saturate(policy):
    """A float16 sum of ones stops at 2,048, one of bfloat16 at 256; here there are 32,768 pixels."""
    inputs = normal(2, 128, 128, 2), normal(2, 5)
    mixed, full = pair(StyledConv2D, 2, dtype=policy, inputs=inputs)
    conv, full_conv = pair(EqualizedConv2D, 2, 1, dtype=policy, inputs=inputs[:1])

    def gradients(layer, arguments):
        def loss():
            return ops.sum(ops.cast(layer(*arguments), "float32")), None

        return value_and_gradients(loss, layer.trainable_weights)[2]

    for layer, reference, arguments in ((mixed, full, inputs), (conv, full_conv, inputs[:1])):
        found, expected = gradients(layer, arguments), gradients(reference, arguments)
        for variable, a, b in zip(layer.trainable_weights, found, expected, strict=True):
            error = np.linalg.norm(np.asarray(a) - np.asarray(b)) / np.linalg.norm(b)
            # A saturated sum is off by 0.9; the style's gradient is a small difference of large sums.
            assert error < 0.1, (variable.path, error)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("architecture", ["skip", "resnet"])
def test_mapping_coarsest_and_last_layers_are_float32(policy, architecture):
    sizes = SMALL | {"c_dim": 2, "dtype": policy}
    generator = Generator(z_dim=6, w_dim=5, mapping_layers=2, architecture=architecture, seed=0, **sizes)
    discriminator = Discriminator(mapping_layers=1, seed=0, **sizes)
    z, label = normal(4, 6), np.eye(2, dtype=np.float32)[[0, 1, 1, 0]]
    images = generator(z, label)
    logits = discriminator(images, label)
    assert dtype_of(images) == dtype_of(logits) == dtype_of(generator.mapping(z, label)) == "float32"
    low = {layer.name for layer in [*generator._flatten_layers(), *discriminator._flatten_layers()]
           if layer.compute_dtype != "float32" and not isinstance(layer, keras.Model)}  # fmt: skip
    skip = {"b8_skip"} if architecture == "resnet" else set()
    assert low == {"b8_conv0", "b8_conv1", "conv", "fromrgb", "b8_skip"} | skip
    assert {layer.name for layer in generator.synthesis.convs if layer.compute_dtype == "float32"} == {"b4_conv1"}
    # z is not rounded on its way in.
    np.testing.assert_array_equal(images, generator.synthesis(generator.mapping(z, label)))
    full = Generator.from_config(generator.get_config() | {"dtype": "float32"})
    full.build()
    np.testing.assert_array_equal(generator.mapping(z, label), full.mapping(z, label))
