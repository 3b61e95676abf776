"""Channels and resolutions of the networks."""

import pytest

from keras_stylegan.models import Discriminator, Generator, SynthesisNetwork
from keras_stylegan.models.channels import block_resolutions, channels_at


def test_sizes_of_the_networks():
    assert channels_at(64, 16384, 512) == 256
    assert channels_at(16, 16384, 512) == 512
    assert block_resolutions(32) == [4, 8, 16, 32]
    assert SynthesisNetwork(w_dim=4, resolution=1024, channel_base=1024).num_ws == 18
    assert SynthesisNetwork(w_dim=4, resolution=64, channel_base=64).num_ws == 10


@pytest.mark.parametrize("resolution", [4, 12, 48, 2048])
def test_a_resolution_that_is_no_power_is_refused(resolution):
    for kind in (Generator, Discriminator):
        with pytest.raises(ValueError, match=f"resolution must be one of.*Received: {resolution}"):
            kind(resolution=resolution)
