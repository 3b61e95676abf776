"""Mapping, synthesis, generator and discriminator: what is not in the parity tests."""

import inspect

import keras
import numpy as np
import pytest
from helpers import SMALL, randomize

from keras_stylegan.models import Discriminator, Generator, MappingNetwork, SynthesisNetwork
from keras_stylegan.models.channels import block_resolutions, channels_at


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.fixture(scope="module")
def generator():
    generator = Generator(z_dim=6, w_dim=5, mapping_layers=2, seed=0, **SMALL)
    generator.build()
    randomize(generator)
    return generator


def test_truncation_moves_the_first_layers_towards_the_mean(generator):
    z, w_avg = normal(3, 6), generator.mapping.w_avg.numpy()
    ws = generator.mapping(z).numpy()
    assert np.all(ws == ws[:, :1])
    truncated = generator.mapping(z, truncation_psi=0.25).numpy()
    np.testing.assert_allclose(truncated, w_avg + 0.25 * (ws - w_avg), rtol=1e-5)
    truncated = generator.mapping(z, truncation_psi=0.25, truncation_cutoff=3).numpy()
    np.testing.assert_allclose(truncated[:, :3], w_avg + 0.25 * (ws - w_avg)[:, :3], rtol=1e-5)
    np.testing.assert_array_equal(truncated[:, 3:], ws[:, 3:])
    np.testing.assert_allclose(generator.mapping(z, truncation_psi=0.0)[0, 0], w_avg, rtol=1e-6)


def test_truncation_psi_may_be_a_tensor(generator):
    z = normal(3, 6)
    for psi in (0.3, 1.0):
        tensor = keras.ops.convert_to_tensor(psi)
        expected = generator(z, truncation_psi=psi, truncation_cutoff=2)
        np.testing.assert_allclose(
            generator(z, truncation_psi=tensor, truncation_cutoff=2), expected, rtol=1e-4, atol=1e-5
        )


def test_mean_style_moves_by_lerp_in_training_only():
    mapping = MappingNetwork(6, 5, num_ws=4, num_layers=1, seed=0)
    z = normal(8, 6)
    w = mapping(z).numpy()[:, 0]
    mapping(z, truncation_psi=0.5)
    mapping(z, training=True, update_w_avg=False)
    np.testing.assert_array_equal(mapping.w_avg.numpy(), np.zeros(5))
    mapping(z, training=True)
    np.testing.assert_allclose(mapping.w_avg.numpy(), 0.005 * w.mean(axis=0), rtol=1e-4)
    mapping(z, training=True)
    np.testing.assert_allclose(mapping.w_avg.numpy(), (0.005 + 0.995 * 0.005) * w.mean(axis=0), rtol=1e-4)


def test_mapping_does_not_depend_on_the_length_of_z(generator):
    z = normal(3, 6)
    np.testing.assert_allclose(generator.mapping(z), generator.mapping(10 * z), rtol=1e-5, atol=1e-6)


def test_labels_change_both_networks():
    generator = Generator(z_dim=6, w_dim=5, c_dim=2, mapping_layers=1, seed=0, **SMALL)
    discriminator = Discriminator(c_dim=2, seed=0, **SMALL)
    z, eye = normal(2, 6), np.eye(2, dtype=np.float32)
    images = generator(z, eye)
    assert not np.allclose(images, generator(z, eye[::-1]))
    assert not np.allclose(discriminator(images, eye), discriminator(images, eye[::-1]))


@pytest.mark.parametrize("c_dim", [0, 2])
def test_a_missing_or_surplus_label_is_refused(c_dim):
    label = None if c_dim else np.eye(2, dtype=np.float32)
    message = f"label must be {'given' if c_dim else 'None'}: c_dim is {c_dim}"
    with pytest.raises(ValueError, match=message):
        Generator(z_dim=6, w_dim=5, c_dim=c_dim, **SMALL)(normal(2, 6), label)
    with pytest.raises(ValueError, match=message):
        Discriminator(c_dim=c_dim, **SMALL)(normal(2, 8, 8, 1), label)


def test_noise_kinds(generator):
    ws = generator.mapping(normal(2, 6))
    synthesis = generator.synthesis
    assert synthesis.noise_shapes(2) == [(2, 4, 4, 1), (2, 8, 8, 1), (2, 8, 8, 1)]
    np.testing.assert_array_equal(synthesis(ws), synthesis(ws))
    first, second = synthesis(ws, noise="random"), synthesis(ws, noise="random")
    assert not np.allclose(first, second)
    noise = synthesis.draw_noise(2, seed=keras.random.SeedGenerator(0))
    np.testing.assert_array_equal(synthesis(ws, noise=noise), synthesis(ws, noise=noise))
    buffers = [np.repeat(conv.noise.noise_const.numpy(), 2, axis=0) for conv in synthesis.convs]
    np.testing.assert_allclose(synthesis(ws, noise=buffers), synthesis(ws), atol=1e-6)
    zeros = [np.zeros(shape, np.float32) for shape in synthesis.noise_shapes(2)]
    np.testing.assert_allclose(synthesis(ws, noise=zeros), synthesis(ws, noise="none"), atol=1e-6)


def test_random_noise_differs_between_samples(generator):
    ws = np.repeat(np.asarray(generator.mapping(normal(1, 6))), 2, axis=0)
    images = np.asarray(generator.synthesis(ws, noise="random"))
    assert not np.allclose(images[0], images[1])


def test_a_noise_list_of_another_length_is_refused(generator):
    with pytest.raises(ValueError, match=r"per styled convolution \(3\). Received: 1"):
        generator.synthesis(generator.mapping(normal(1, 6)), noise=[np.zeros((1, 4, 4, 1))])


def test_every_w_reaches_the_image_through_its_own_layer(generator):
    ws = np.array(generator.mapping(normal(1, 6)))
    image = np.asarray(generator.synthesis(ws))
    for index in range(generator.num_ws):
        changed = ws.copy()
        changed[:, index] += 1.0
        assert not np.allclose(generator.synthesis(changed), image)


def test_sizes_of_the_networks():
    assert channels_at(64, 16384, 512) == 256
    assert channels_at(16, 16384, 512) == 512
    assert block_resolutions(32) == [4, 8, 16, 32]
    assert SynthesisNetwork(w_dim=4, resolution=1024, channel_base=1024).num_ws == 18
    assert SynthesisNetwork(w_dim=4, resolution=64, channel_base=64).num_ws == 10


def test_the_default_generator_has_the_papers_parameter_count():
    """By hand, from the shapes: 512 channels to 32, 256 at 64; affine and convolution and ToRGB of every layer."""
    generator = Generator(resolution=8, seed=0)
    generator.build()
    affine = 512 * 512 + 512
    conv = 512 * 512 * 9 + 512 + 1 + affine  # kernel, bias, noise strength
    rgb = 512 + 1 + affine
    mapping = 8 * (512 * 512 + 512)
    expected = mapping + 512 * 16 + 3 * conv + 2 * rgb
    assert sum(int(np.prod(variable.shape)) for variable in generator.trainable_variables) == expected


@pytest.mark.parametrize("resolution", [4, 12, 48, 2048])
def test_a_resolution_that_is_no_power_is_refused(resolution):
    for kind in (Generator, Discriminator):
        with pytest.raises(ValueError, match=f"resolution must be one of.*Received: {resolution}"):
            kind(resolution=resolution)


def test_bad_arguments():
    with pytest.raises(ValueError, match="architecture must be 'skip' or 'resnet'. Received: 'orig'"):
        Generator(architecture="orig")
    with pytest.raises(ValueError, match="Received: z_dim=0, c_dim=0"):
        MappingNetwork(0, 5)
    with pytest.raises(ValueError, match="num_layers must be at least 1. Received: 0"):
        MappingNetwork(5, 5, num_layers=0)


def test_a_batch_that_is_no_multiple_of_the_group_is_refused():
    with pytest.raises(ValueError, match="multiple of the group size 4. Received a batch of 6"):
        Discriminator(**SMALL)(normal(6, 8, 8, 1))


def test_the_discriminator_sees_how_varied_a_group_is():
    discriminator = Discriminator(mbstd_group_size=2, seed=0, **SMALL)
    images = normal(4, 8, 8, 1)
    same = np.concatenate([images[:2], images[:2]])
    alone = np.asarray(discriminator(images))[:2]
    assert not np.allclose(alone, np.asarray(discriminator(same))[:2])
    # Samples 0 and 2 are a group: changing 2 leaves 1 alone.
    changed = images.copy()
    changed[2] *= 2
    difference = np.abs(np.asarray(discriminator(changed)) - discriminator(images))[:, 0]
    assert difference[0] > 1e-6 and difference[2] > 1e-6
    assert difference[1] < 1e-6 and difference[3] < 1e-6


def test_defaults_of_generator_and_discriminator_agree():
    defaults = [
        {name: item.default for name, item in inspect.signature(kind.__init__).parameters.items()}
        for kind in (Generator, Discriminator)
    ]
    for name in ("c_dim", "resolution", "channels", "channel_base", "channel_max", "mapping_layers", "conv_clamp"):
        assert defaults[0][name] == defaults[1][name]
