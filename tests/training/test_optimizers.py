"""The three Adam optimizers: lazy regularisation and decays."""

import numpy as np
import pytest

from keras_stylegan.config import Config, LossConfig, OptimizerConfig, TrainingConfig
from keras_stylegan.training.optimizers import lazy_correction, make_optimizers, updates_after


def optimizers(**loss):
    options = OptimizerConfig(schedule="constant", g_learning_rate=0.1, m_learning_rate=0.2, d_learning_rate=0.3)
    return make_optimizers(Config(optimizer=options, loss=LossConfig(**loss)), 10, 100)


def rate(optimizer):
    return float(optimizer.learning_rate)


def test_defaults_are_adam_with_the_users_rate():
    made = make_optimizers(Config(), 10, 100)
    assert list(made) == ["g_optimizer", "m_optimizer", "d_optimizer"]
    for name, optimizer in made.items():
        assert optimizer.name == name
        assert (optimizer.beta_1, optimizer.beta_2, optimizer.epsilon) == (0.0, 0.99, 1e-8)
        np.testing.assert_allclose(rate(optimizer), 1e-4, rtol=1e-6)


def test_lazy_r1_corrects_the_discriminator_only():
    made = optimizers(adversarial="logistic", gp_weight=0, r1_interval=16)
    np.testing.assert_allclose(rate(made["d_optimizer"]), 0.3 * 16 / 17, rtol=1e-6)
    np.testing.assert_allclose(made["d_optimizer"].beta_2, 0.99 ** (16 / 17), rtol=1e-12)
    assert made["d_optimizer"].beta_1 == 0.0
    for name, expected in (("g_optimizer", 0.1), ("m_optimizer", 0.2)):
        np.testing.assert_allclose(rate(made[name]), expected, rtol=1e-6)
        assert made[name].beta_2 == 0.99


def test_path_length_corrects_generator_and_mapping():
    made = optimizers(pl_weight=2.0, pl_interval=4)
    for name, expected in (("g_optimizer", 0.1 * 4 / 5), ("m_optimizer", 0.2 * 4 / 5), ("d_optimizer", 0.3)):
        np.testing.assert_allclose(rate(made[name]), expected, rtol=1e-6)
    np.testing.assert_allclose(made["m_optimizer"].beta_2, 0.99**0.8, rtol=1e-12)


def test_an_unused_lazy_penalty_corrects_nothing():
    made = optimizers(gp_weight=0.0, gp_interval=8, r1_gamma=0.0, r1_interval=16, pl_weight=0.0)
    np.testing.assert_allclose(rate(made["d_optimizer"]), 0.3, rtol=1e-6)


def test_correction_numbers():
    assert lazy_correction([]) == 1
    assert lazy_correction([16]) == pytest.approx(16 / 17)
    assert lazy_correction([4, 2]) == pytest.approx(1 / 1.75)


def test_updates_by_hand():
    assert updates_after(32, 1, []) == 32
    assert updates_after(33, 1, [16]) == 33 + 3  # in steps 0, 16 and 32
    assert updates_after(10, 3, [2]) == 3 + 2  # main updates 0, 1, 2; lazy in 0 and 2


def test_discriminator_steps_do_not_change_the_rate():
    config = Config(
        optimizer=OptimizerConfig(schedule="constant", g_learning_rate=0.1),
        training=TrainingConfig(discriminator_steps=5),
    )
    np.testing.assert_allclose(rate(make_optimizers(config, 10, 100)["g_optimizer"]), 0.1, rtol=1e-6)
