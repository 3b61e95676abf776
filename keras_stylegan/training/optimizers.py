"""The three Adam optimizers and their learning rates."""

import dataclasses
from functools import partial
from typing import Any

from keras_stylegan.backend import Adam
from keras_stylegan.config import Config
from keras_stylegan.losses.penalties import active_penalties
from keras_stylegan.training.scheduled_adam import ScheduledAdam
from keras_stylegan.training.schedules import learning_rate


def lazy_correction(intervals: list[int]) -> float:
    """c = 1/(1 + Σ 1/k); for one penalty in every k-th update k/(k + 1) (Karras et al. 2019, appendix B).

    Args:
        intervals: k of every lazy penalty.
    """
    return 1 / (1 + sum(1 / interval for interval in intervals))


def make_optimizers(config: Config, steps_per_epoch: int, total_steps: int) -> dict[str, Any]:
    """Adam for the synthesis network, the mapping network and the discriminator.

    With lazy penalties the learning rate becomes c·lr and the decays β^c, so that k + 1 updates move a weight as far
    as k would (Karras et al. 2019, appendix B).

    Args:
        config: The experiment.
        steps_per_epoch: Training steps in a pass over the data.
        total_steps: Training steps of the run.

    Returns:
        `g_optimizer`, `m_optimizer`, `d_optimizer` and `learning_rates`, as `StyleGAN.compile` takes them.
    """
    options = config.optimizer
    lazy = [active for active in active_penalties(dataclasses.asdict(config.loss)) if active.own_update]
    compiled: dict[str, Any] = {"learning_rates": {}}
    for name, rate, of_generator in (
        ("g_optimizer", options.g_learning_rate, True),
        ("m_optimizer", options.m_learning_rate, True),
        ("d_optimizer", options.d_learning_rate, False),
    ):
        intervals = [active.interval for active in lazy if active.penalty.of_generator == of_generator]
        correction = lazy_correction(intervals)
        rate = learning_rate(
            options,
            rate,
            correction,
            steps_per_epoch=steps_per_epoch,
            total_steps=total_steps,
            steps_per_kimg=1000 / config.training.batch_size,
        )
        adam = partial(ScheduledAdam, correction=correction) if config.schedule.beta_2 else Adam
        compiled[name] = adam(
            float(rate(0)) if callable(rate) else rate,
            beta_1=options.beta_1**correction,
            beta_2=options.beta_2**correction,
            epsilon=options.epsilon,
            name=name,
        )
        # Set anew in every step, so that a resumed run has the rate of its options and not that of its checkpoint.
        compiled["learning_rates"][name] = rate
    return compiled
