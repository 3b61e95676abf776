"""From a config to networks."""

import pytest

from keras_stylegan.config import Config, ModelConfig
from keras_stylegan.training.networks import make_discriminator, make_generator

SMALL = {"resolution": 8, "z_dim": 4, "w_dim": 4, "channel_base": 32, "channel_max": 4}


@pytest.mark.parametrize("layers", [1, 3])
def test_mapping_layers_are_those_of_both_networks(layers):
    config = Config(model=ModelConfig(**SMALL, conditional=True, mapping_layers=layers))
    for make in (make_generator, make_discriminator):
        network = make(config, class_count=2)
        assert len(network.mapping.dense_layers) == layers
