"""The generator as a whole, and what it shares with the discriminator."""

import inspect

import keras
import numpy as np
import pytest
from helpers import SMALL, normal

from keras_stylegan.models import Discriminator, Generator


def test_truncation_psi_may_be_a_tensor(generator):
    z = normal(3, 6)
    for psi in (0.3, 1.0):
        tensor = keras.ops.convert_to_tensor(psi)
        expected = generator(z, truncation_psi=psi, truncation_cutoff=2)
        np.testing.assert_allclose(
            generator(z, truncation_psi=tensor, truncation_cutoff=2), expected, rtol=1e-4, atol=1e-5
        )


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


def test_defaults_of_generator_and_discriminator_agree():
    defaults = [
        {name: item.default for name, item in inspect.signature(kind.__init__).parameters.items()}
        for kind in (Generator, Discriminator)
    ]
    for name in ("c_dim", "resolution", "channels", "channel_base", "channel_max", "mapping_layers", "conv_clamp"):
        assert defaults[0][name] == defaults[1][name]


def test_an_unknown_architecture_is_refused():
    with pytest.raises(ValueError, match="architecture must be 'skip' or 'resnet'. Received: 'orig'"):
        Generator(architecture="orig")
