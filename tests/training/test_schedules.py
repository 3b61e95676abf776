"""Learning-rate schedules, counted in optimizer updates."""

from functools import partial

import numpy as np
import pytest

from keras_stylegan.config import OptimizerConfig, TrainingConfig
from keras_stylegan.training.optimizers import updates_after
from keras_stylegan.training.schedules import learning_rate
from keras_stylegan.training.train import planned_steps


def schedule(options, rate=1.0, factor=1.0, every=1, intervals=(), steps_per_epoch=10, total_steps=100):
    return learning_rate(
        options,
        rate,
        factor,
        updates=partial(updates_after, every=every, intervals=intervals),
        steps_per_epoch=steps_per_epoch,
        total_steps=total_steps,
        steps_per_kimg=1000 / 50,
    )


def rates_of_steps(rates, steps, every, intervals):
    """Rates of the updates in every step, as an optimizer asks for them: by the updates done before."""
    done, used = 0, []
    for step in range(steps):
        count = 0
        if (step + 1) % every == 0:
            main = step // every
            count = 1 + sum(main % interval == 0 for interval in intervals)
        used.append({round(float(rates(done + index)), 9) for index in range(count)})
        done += count
    return used


@pytest.mark.parametrize(
    ("kimg", "group", "steps"),
    # Batches of 8, 10 steps an epoch, whose groups of 4 are 4, 4 and 2.
    [(None, 4, 30), (0.04, 1, 5), (0.041, 1, 6), (0.04, 4, 8), (0.072, 4, 10), (0.08, 4, 10), (0.088, 4, 14)],
)
def test_a_run_ends_with_a_whole_group_of_steps(kimg, group, steps):
    options = TrainingConfig(batch_size=8, epochs=3, total_kimg=kimg, steps_per_execution=group)
    assert planned_steps(options, steps_per_epoch=10) == steps


def test_a_single_phase_never_changes():
    rates = schedule(OptimizerConfig(phases=((3, 0.5),)), factor=0.25)
    assert [float(rates(update)) for update in (0, 1, 2, 1000)] == [0.125] * 4


@pytest.mark.parametrize(
    ("every", "intervals"), [(1, []), (1, [16]), (1, [4]), (1, [1]), (3, []), (3, [4]), (1, [16, 3])]
)
def test_phases_switch_exactly_after_their_epochs(every, intervals):
    """Seven steps an epoch: nothing divides anything."""
    options = OptimizerConfig(phases=((3, 0.5), (2, 0.25), (1, 0.125)))
    rates = schedule(options, every=every, intervals=intervals, steps_per_epoch=7)
    used = rates_of_steps(rates, 7 * 8, every, intervals)
    expected = [0.5] * 21 + [0.25] * 14 + [0.125] * 21
    for step, (actual, value) in enumerate(zip(used, expected, strict=True)):
        assert actual <= {value}, step


def test_the_users_phases():
    rates = schedule(OptimizerConfig(), steps_per_epoch=300)
    for update, expected in {0: 1e-4, 29_999: 1e-4, 30_000: 1e-5, 45_000: 1e-5, 99_999: 1e-5}.items():
        np.testing.assert_allclose(rates(update), expected, rtol=1e-6)


def test_constant():
    rates = schedule(OptimizerConfig(schedule="constant"), rate=0.003, factor=0.5)
    np.testing.assert_allclose([rates(update) for update in (0, 1, 10_000)], [0.0015] * 3, rtol=1e-6)


def test_cosine():
    rates = schedule(OptimizerConfig(schedule="cosine"), rate=2.0, factor=0.5)
    expected = [1.0, (1 + np.cos(np.pi / 4)) / 2, 0.5, 0.0, 0.0]
    np.testing.assert_allclose([rates(update) for update in (0, 25, 50, 100, 150)], expected, atol=1e-6)


def test_cosine_with_warm_up():
    """1 kimg is 20 steps: up to 1 by update 20, then half a period over 80."""
    rates = schedule(OptimizerConfig(schedule="cosine", warmup_kimg=1.0))
    values = [rates(update) for update in (0, 5, 10, 20, 40, 60, 100)]
    expected = [0.0, 0.25, 0.5, 1.0, (1 + np.cos(np.pi / 4)) / 2, 0.5, 0.0]
    np.testing.assert_allclose(values, expected, atol=1e-6)


def test_cosine_counts_lazy_updates():
    rates = schedule(OptimizerConfig(schedule="cosine"), intervals=[4])  # 100 steps are 125 updates
    np.testing.assert_allclose(rates(100), (1 + np.cos(0.8 * np.pi)) / 2, atol=1e-6)
    np.testing.assert_allclose(rates(125), 0.0, atol=1e-6)
