"""Values over kimg."""

import numpy as np
import pytest
from small_gan import images, make_gan, trained

from keras_stylegan.training.kimg_schedule import KimgSchedule


def test_a_value_changes_by_the_same_factor_for_every_image():
    schedule = KimgSchedule("r1_gamma", ((0, 2), (100, 0.2), (150, 0.8)))
    found = [float(schedule(seen)) for seen in (0, 50_000, 100_000, 125_000, 150_000, 900_000)]
    np.testing.assert_allclose(found, [2, 2 / 10**0.5, 0.2, 0.4, 0.8, 0.8], rtol=1e-6)


def test_of_beta_2_it_is_the_length_of_the_average():
    """10, 31.6 and 100 updates."""
    schedule = KimgSchedule("beta_2", ((0, 0.9), (10, 0.99)))
    found = [1 / (1 - float(schedule(seen))) for seen in (0, 5_000, 10_000)]
    np.testing.assert_allclose(found, [10, 1000**0.5, 100], rtol=1e-4)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="schedules must be of .*'r1_gamma'.* Received: 'pl_weight'"):
        make_gan(schedules={"pl_weight": ((0, 1), (1, 2))})


def test_a_scheduled_weight_is_that_of_the_loss():
    one = make_gan(gp_weight=0.0, r1_gamma=0.4, r2_gamma=0.1, r2_interval=2)
    pairs = {"r1_gamma": ((0, 0.4), (1, 0.4)), "r2_gamma": ((0, 0.1), (1, 3.0))}
    other = make_gan(gp_weight=0.0, r1_gamma=7.0, r2_gamma=7.0, r2_interval=2, schedules=pairs)
    assert [str(active) for active in other.penalties] == [
        "R1 0.2 at 0 kimg, 0.2 at 1 kimg", "R2 0.05 at 0 kimg, 1.5 at 1 kimg every 2 steps",
    ]  # fmt: skip
    for gan in (one, other):
        gan.train_on_images(images())
    for a, b in zip(trained(one.discriminator), trained(other.discriminator), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_a_step_has_the_values_of_the_images_before_it():
    """Four images a step: 0.004 kimg on, γ is halved, and so is everything else that has a schedule."""
    halved = {name: ((0.0, 1.0), (0.004, 0.5), (1.0, 0.5)) for name in ("r1_gamma", "learning_rate_factor", "ema_kimg")}
    rates = {"d_optimizer": 0.3, "g_optimizer": 0.1}
    gan = make_gan(gp_weight=0.0, adversarial="logistic", schedules=halved, learning_rates=rates)
    for expected in (1.0, 0.5):
        logs = gan.train_on_images(images())
        assert {name: float(logs[name]) for name in halved} == pytest.approx(dict.fromkeys(halved, expected))
        np.testing.assert_allclose([gan.d_optimizer.learning_rate, gan.g_optimizer.learning_rate],
                                   [0.3 * expected, 0.1 * expected], rtol=1e-6)  # fmt: skip
        gan.reset_interval()
    assert float(gan.now("ema_kimg", 7.0)) == pytest.approx(0.5) and gan.now("beta_2", 7.0) == 7.0
