"""Learning-rate schedules, counted in training steps."""

import numpy as np
import pytest

from keras_stylegan.config import OptimizerConfig, TrainingConfig
from keras_stylegan.training.schedules import learning_rate
from keras_stylegan.training.stages import planned_steps


def schedule(options, rate=1.0, factor=1.0, steps_per_epoch=10, total_steps=100):
    return learning_rate(
        options,
        rate,
        factor,
        steps_per_epoch=steps_per_epoch,
        total_steps=total_steps,
        steps_per_kimg=1000 / 50,
    )


@pytest.mark.parametrize(
    ("kimg", "group", "steps"),
    # Batches of 8, 10 steps an epoch, whose groups of 4 are 4, 4 and 2.
    [(None, 4, 30), (0.04, 1, 5), (0.041, 1, 6), (0.04, 4, 8), (0.072, 4, 10), (0.08, 4, 10), (0.088, 4, 14)],
)
def test_a_run_ends_with_a_whole_group_of_steps(kimg, group, steps):
    options = TrainingConfig(batch_size=8, epochs=3, total_kimg=kimg, steps_per_execution=group)
    assert planned_steps(options, steps_per_epoch=10) == steps


def test_a_single_phase_never_changes():
    assert schedule(OptimizerConfig(phases=((3, 0.5),)), factor=0.25) == 0.125


def test_phases_switch_exactly_after_their_epochs():
    rates = schedule(OptimizerConfig(phases=((3, 0.5), (2, 0.25), (1, 0.125))), steps_per_epoch=7)
    assert [float(rates(step)) for step in range(56)] == [0.5] * 21 + [0.25] * 14 + [0.125] * 21


def test_the_users_phases():
    rates = schedule(OptimizerConfig(), steps_per_epoch=300)
    for step, expected in {0: 1e-4, 29_999: 1e-4, 30_000: 1e-5, 45_000: 1e-5, 99_999: 1e-5}.items():
        np.testing.assert_allclose(rates(step), expected, rtol=1e-6)


def test_constant():
    assert schedule(OptimizerConfig(schedule="constant"), rate=0.003, factor=0.5) == 0.0015


def test_cosine():
    rates = schedule(OptimizerConfig(schedule="cosine"), rate=2.0, factor=0.5)
    expected = [1.0, (1 + np.cos(np.pi / 4)) / 2, 0.5, 0.0, 0.0]
    np.testing.assert_allclose([rates(step) for step in (0, 25, 50, 100, 150)], expected, atol=1e-6)


def test_cosine_with_warm_up():
    """1 kimg is 20 steps: up to 1 by step 20, then half a period over 80."""
    rates = schedule(OptimizerConfig(schedule="cosine", warmup_kimg=1.0))
    values = [rates(step) for step in (0, 5, 10, 20, 40, 60, 100)]
    expected = [0.0, 0.25, 0.5, 1.0, (1 + np.cos(np.pi / 4)) / 2, 0.5, 0.0]
    np.testing.assert_allclose(values, expected, atol=1e-6)
