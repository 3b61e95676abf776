"""Channels and resolutions of the networks."""

import re

import pytest

from keras_stylegan.models import Discriminator, Generator, SynthesisNetwork
from keras_stylegan.models.channels import channels_at


def test_sizes_of_the_networks():
    assert channels_at(64, 16384, 512) == 256
    assert channels_at(16, 16384, 512) == 512
    assert SynthesisNetwork(w_dim=4, resolution=1024, channel_base=1024).num_ws == 18
    assert SynthesisNetwork(w_dim=4, resolution=64, channel_base=64).num_ws == 10


def test_an_oblong_network_by_hand():
    """208x176 is 13x11 doubled four times; r is 16, 32, 64, 128, 256."""
    synthesis = SynthesisNetwork(w_dim=4, resolution=(208, 176), channel_base=2048, channel_max=64)
    synthesis.build()
    assert synthesis.num_ws == 10
    assert synthesis.const.shape == (13, 11, 64)
    heights = [shape[1:3] for shape in synthesis.noise_shapes(1)]
    assert heights == [(13, 11), *[(26, 22)] * 2, *[(52, 44)] * 2, *[(104, 88)] * 2, *[(208, 176)] * 2]
    assert [conv.filters for conv in synthesis.convs] == [64, 64, 64, 32, 32, 16, 16, 8, 8]
    discriminator = Discriminator(resolution=(208, 176), channel_base=2048, channel_max=64)
    discriminator.build()
    assert discriminator.fc.kernel.shape == (13 * 11 * 64, 64)
    assert discriminator.from_rgb.filters == 8


def test_square_layers_have_the_names_they_always_had():
    """Checkpoints know variables by their paths."""
    paths = {variable.path for variable in _built(Discriminator(resolution=8, channel_base=32, name="d")).variables}
    assert {"d/b8_conv1/kernel", "d/b4_conv/kernel", "d/b4_fc/kernel"} <= paths
    paths = {
        variable.path for variable in _built(SynthesisNetwork(4, resolution=8, channel_base=32, name="g")).variables
    }
    assert {"g/const", "g/b4_conv1/conv/kernel"} <= paths


def _built(network):
    network.build()
    return network


def test_both_forms_of_a_square_are_one():
    for kind in (Generator, Discriminator):
        network = kind(resolution=(16, 16), channel_base=32)
        assert network.resolution == network.get_config()["resolution"] == 16
        assert kind(resolution=[12, 16], channel_base=32).get_config()["resolution"] == (12, 16)


@pytest.mark.parametrize("resolution", [4, 50, 2048, (208, 177), (64, 72 * 64)])
def test_a_resolution_that_cannot_be_is_refused(resolution):
    for kind in (Generator, Discriminator):
        with pytest.raises(ValueError, match=f"resolution must be .*Received: {re.escape(str(resolution))}"):
            kind(resolution=resolution)
