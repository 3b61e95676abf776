"""From a config to networks."""

from dataclasses import replace

import numpy as np
import pytest

from keras_stylegan.config import Config, LossConfig, ModelConfig, TrainingConfig
from keras_stylegan.errors import InputError
from keras_stylegan.training.networks import make_discriminator, make_gan, make_generator
from keras_stylegan.training.state import network_state, values

SMALL = {"resolution": 8, "z_dim": 4, "w_dim": 4, "channel_base": 32, "channel_max": 4}


@pytest.mark.parametrize("layers", [1, 3])
def test_mapping_layers_are_those_of_both_networks(layers):
    config = Config(model=ModelConfig(**SMALL, conditional=True, mapping_layers=layers))
    for make in (make_generator, make_discriminator):
        network = make(config, class_count=2)
        assert len(network.mapping.dense_layers) == layers


@pytest.mark.parametrize("network", ["stylegan2", pytest.param("stylegan", marks=pytest.mark.slow)])
def test_frozen_blocks_stay_and_the_others_learn(network):
    config = Config(
        model=ModelConfig(**SMALL | {"resolution": 16, "network": network, "mbstd_maps": True}),
        loss=LossConfig(gp_weight=0.0, r1_gamma=1.0, r1_interval=1),
        training=TrainingConfig(batch_size=4, freeze_d=1),
    )
    gan = make_gan(config, 2, 1, 1)
    before = values(network_state(gan.discriminator, "discriminator"))
    images = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 1)).astype(np.float32)
    gan.fit(images, batch_size=4, epochs=1, verbose=0)
    after = values(network_state(gan.discriminator, "discriminator"))
    changed = {name.split("/")[1] for name in before if not np.array_equal(before[name], after[name])}
    frozen = {name.split("/")[1] for name in before if "fromrgb" in name or "b16_" in name}
    assert frozen and not changed & frozen
    assert changed == {name.split("/")[1] for name in before} - frozen
    # No slot is kept for what is not trained.
    slots = len(gan.d_optimizer.variables)
    assert slots < len(make_gan(replace(config, training=TrainingConfig(batch_size=4)), 2, 1, 1).d_optimizer.variables)


def test_more_frozen_blocks_than_there_are():
    config = Config(model=ModelConfig(**SMALL), training=TrainingConfig(batch_size=4, freeze_d=2))
    with pytest.raises(
        InputError, match="training.freeze_d must be at most 1, the discriminator's blocks. Received: 2"
    ):
        make_gan(config, 2, 1, 1)
