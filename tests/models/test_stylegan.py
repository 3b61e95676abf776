"""StyleGAN of 2018: both networks against the numpy networks."""

import numpy as np
import pytest
import reference_stylegan as reference
from helpers import nchw, normal, randomize

from keras_stylegan.models import StyleGANDiscriminator, StyleGANGenerator

SIZES = {"channel_base": 64, "channel_max": 6, "seed": 0}


def dense(name, layer):
    return {f"{name}.weight": layer.kernel.numpy().T, f"{name}.bias": layer.bias.numpy()}


def conv(name, layer):
    return {f"{name}.weight": layer.kernel.numpy().transpose(3, 2, 0, 1), f"{name}.bias": layer.bias.numpy()}


def synthesis_parameters(synthesis):
    p = {"const": synthesis.const.numpy().transpose(2, 0, 1), **conv("torgb", synthesis.to_rgb)}
    for layer in synthesis.styled:
        epilogue = getattr(layer, "epilogue", layer)
        p |= dense(f"{layer.name}.affine", epilogue.adain.affine)
        p |= {
            f"{layer.name}.noise_strength": epilogue.noise.strength.numpy(),
            f"{layer.name}.bias": epilogue.bias.numpy(),
        }
        if epilogue is not layer:
            kernel = layer.kernel.numpy()
            p[f"{layer.name}.weight"] = kernel.transpose(2, 3, 0, 1) if layer.up else kernel.transpose(3, 2, 0, 1)
    return p


def discriminator_parameters(discriminator):
    p = conv("fromrgb", discriminator.from_rgb) | conv("b4_conv", discriminator.conv)
    for block in discriminator.blocks:
        for layer in block:
            p |= conv(layer.name, layer)
    p |= dense("b4_fc", discriminator.fc) | dense("b4_out", discriminator.out)
    # Rows over a flattened (4, 4, C) map to columns over (C, 4, 4).
    filters = discriminator.conv.filters
    kernel = discriminator.fc.kernel.numpy().reshape(4, 4, filters, -1)
    p["b4_fc.weight"] = kernel.transpose(3, 2, 0, 1).reshape(filters, -1)
    if discriminator.c_dim:
        p |= dense("mapping.embed", discriminator.mapping.embed)
        for i, layer in enumerate(discriminator.mapping.dense_layers):
            p |= dense(f"mapping.fc{i}", layer)
    return p


def close(ours, expected):
    assert ours.shape == expected.shape
    assert np.max(np.abs(ours - expected)) < 1e-4 * np.max(np.abs(expected))


@pytest.fixture(scope="module", params=[(8, 1), (32, 3)], ids=["8 grey", "32 rgb"])
def generator(request):
    resolution, channels = request.param
    generator = StyleGANGenerator(z_dim=6, w_dim=5, mapping_layers=2, resolution=resolution, channels=channels, **SIZES)
    generator.build()
    randomize(generator)
    return generator


def test_synthesis_is_that_of_numpy_with_a_style_of_its_own_in_every_layer(generator):
    synthesis = generator.synthesis
    ws = normal(2, generator.num_ws, 5)
    noise = [normal(*shape, seed=i) for i, shape in enumerate(synthesis.noise_shapes(2))]
    p = synthesis_parameters(synthesis)
    close(nchw(synthesis(ws, noise=noise)), reference.synthesis(p, ws, [nchw(tensor) for tensor in noise]))
    close(nchw(synthesis(ws, noise="none")), reference.synthesis(p, ws, [None] * len(noise)))


def test_feature_maps_are_what_the_image_is_made_of(generator):
    ws = normal(2, generator.num_ws, 5)
    maps = generator.synthesis.feature_maps(ws)
    assert [value.shape[1] for value in maps.values()] == list(generator.style_resolutions)
    last = maps[f"b{generator.resolution}_conv1"]
    np.testing.assert_array_equal(generator.synthesis.to_rgb(last), generator.synthesis(ws))


def test_styles_are_two_a_resolution(generator):
    resolutions = [4 * 2**i for i in range(4) if 4 * 2**i <= generator.resolution]
    assert generator.style_resolutions == tuple(r for r in resolutions for _ in range(2))
    assert generator.synthesis.noise_shapes(3) == [(3, r, r, 1) for r in generator.style_resolutions]


@pytest.mark.parametrize("c_dim", [0, 3])
def test_discriminator_is_that_of_numpy(c_dim):
    discriminator = StyleGANDiscriminator(
        c_dim=c_dim, resolution=16, channels=3, mbstd_group_size=2, mapping_layers=2, **SIZES
    )
    discriminator.build()
    randomize(discriminator)
    images = normal(4, 16, 16, 3)
    label = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]] if c_dim else None
    expected = reference.discriminator(discriminator_parameters(discriminator), nchw(images), label, 2)
    close(np.asarray(discriminator(images, label)), expected)


def test_a_noise_list_of_another_length_is_refused(generator):
    with pytest.raises(ValueError, match=rf"one tensor per style \({generator.num_ws}\). Received: 1"):
        generator.synthesis(normal(1, generator.num_ws, 5), noise=[np.zeros((1, 4, 4, 1))])


def test_flops_by_hand():
    """8x8 from 4x4, with 6 channels at both."""
    sizes = {"resolution": 8, "channel_base": 64, "channel_max": 6}
    generator = StyleGANGenerator(z_dim=3, w_dim=5, mapping_layers=2, **sizes)
    generator.build()
    convolutions = 9 * 6 * 6 * (16 + 16 + 64)
    assert generator.flops() == 2 * (3 * 5 + 5 * 5 + convolutions + 64 * 6 + 4 * 5 * 12)
    discriminator = StyleGANDiscriminator(**sizes)
    discriminator.build()
    dense_layers = 16 * 9 * 7 * 6 + 96 * 6 + 6
    assert discriminator.flops() == 2 * (64 * 6 + 9 * 6 * 6 * (64 + 16) + dense_layers)
