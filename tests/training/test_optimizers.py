"""The three Adam optimizers: lazy regularisation and decays."""

import keras
import numpy as np
import pytest

from keras_stylegan.backend import Adam
from keras_stylegan.config import Config, LossConfig, OptimizerConfig, ScheduleConfig, TrainingConfig
from keras_stylegan.training.optimizers import lazy_correction, make_optimizers


def optimizers(**loss):
    options = OptimizerConfig(schedule="constant", g_learning_rate=0.1, m_learning_rate=0.2, d_learning_rate=0.3)
    return make_optimizers(Config(optimizer=options, loss=LossConfig(**loss)), 10, 100)


def rate(optimizer):
    return float(optimizer.learning_rate)


def test_defaults_are_adam_with_the_users_rate():
    made = make_optimizers(Config(), 10, 100)
    assert sorted(made) == ["d_optimizer", "g_optimizer", "learning_rates", "m_optimizer"]
    assert list(made["learning_rates"]) == ["g_optimizer", "m_optimizer", "d_optimizer"]
    for name in made["learning_rates"]:
        optimizer = made[name]
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


def test_a_scheduled_beta_2_is_corrected_too():
    config = Config(
        optimizer=OptimizerConfig(beta_2=0.5),
        loss=LossConfig(gp_weight=0, r1_gamma=1.0, r1_interval=4),
        schedule=ScheduleConfig(beta_2=((0, 0.9), (1000, 0.99))),
    )
    made = make_optimizers(config, 10, 100)
    for name, expected in (("d_optimizer", 0.9**0.8), ("g_optimizer", 0.9)):
        made[name].build([keras.Variable(1.0)])
        made[name].set_beta_2(0.9)
        np.testing.assert_allclose(made[name].beta_2_now, expected, rtol=1e-6)


def test_an_unused_lazy_penalty_corrects_nothing():
    made = optimizers(gp_weight=0.0, gp_interval=8, r1_gamma=0.0, r1_interval=16, pl_weight=0.0)
    np.testing.assert_allclose(rate(made["d_optimizer"]), 0.3, rtol=1e-6)


def test_correction_numbers():
    assert lazy_correction([]) == 1
    assert lazy_correction([16]) == pytest.approx(16 / 17)
    assert lazy_correction([4, 2]) == pytest.approx(1 / 1.75)


def test_discriminator_steps_do_not_change_the_rate():
    config = Config(
        optimizer=OptimizerConfig(schedule="constant", g_learning_rate=0.1),
        training=TrainingConfig(discriminator_steps=5),
    )
    np.testing.assert_allclose(rate(make_optimizers(config, 10, 100)["g_optimizer"]), 0.1, rtol=1e-6)


@pytest.mark.parametrize(("beta_1", "beta_2"), [(0.0, 0.99), (0.9, 0.999)])
def test_fused_adam_is_algorithm_1_of_kingma_and_ba(beta_1, beta_2):
    rng = np.random.default_rng(0)
    variables = [keras.Variable(rng.normal(size=shape).astype(np.float32)) for shape in ((3, 2), (4,))]
    optimizer = Adam(0.1, beta_1=beta_1, beta_2=beta_2, epsilon=1e-8)
    optimizer.build(variables)
    expected = [variable.numpy().astype(np.float64) for variable in variables]
    m, v = [0.0, 0.0], [0.0, 0.0]
    for t in range(1, 5):
        gradients = [rng.normal(size=variable.shape).astype(np.float32) for variable in variables]
        optimizer.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients], variables)
        for i, g in enumerate(gradients):
            m[i] = beta_1 * m[i] + (1 - beta_1) * g
            v[i] = beta_2 * v[i] + (1 - beta_2) * g.astype(np.float64) ** 2
            m_hat, v_hat = m[i] / (1 - beta_1**t), v[i] / (1 - beta_2**t)
            expected[i] = expected[i] - 0.1 * m_hat / (np.sqrt(v_hat) + 1e-8)
    for variable, value in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable.numpy(), value, rtol=1e-4, atol=1e-5)
    assert int(optimizer.iterations) == 4
