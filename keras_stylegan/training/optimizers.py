"""The three Adam optimizers and their learning-rate schedules."""

import math
from functools import partial

from keras_stylegan.backend import Adam
from keras_stylegan.config import Config
from keras_stylegan.training.schedules import learning_rate


def _lazy_intervals(config: Config) -> tuple[list[int], list[int]]:
    """Intervals of the penalties that are updates of their own: (generator and mapping, discriminator)."""
    loss = config.loss
    lazy = [(loss.gp_weight, loss.gp_interval), (loss.r1_gamma, loss.r1_interval), (loss.r2_gamma, loss.r2_interval)]
    # The path-length penalty has latents of its own and is an update of its own also with interval 1.
    generator = [loss.pl_interval] if loss.pl_weight else []
    return generator, [interval for weight, interval in lazy if weight and interval > 1]


def updates_after(steps: int, every: int, intervals: list[int]) -> int:
    """Updates of an optimizer in the first training steps, lazy penalties included.

    Args:
        steps: Training steps.
        every: Steps per main update (`discriminator_steps` for the generator).
        intervals: Main updates per lazy update; the first one has them all.
    """
    main = steps // every
    return main + sum(math.ceil(main / interval) for interval in intervals)


def lazy_correction(intervals: list[int]) -> float:
    """c = 1/(1 + Σ 1/k); for one penalty in every k-th update k/(k + 1) (Karras et al. 2019, appendix B).

    Args:
        intervals: k of every lazy penalty.
    """
    return 1 / (1 + sum(1 / interval for interval in intervals))


def make_optimizers(config: Config, steps_per_epoch: int, total_steps: int) -> dict[str, Adam]:
    """Adam for the synthesis network, the mapping network and the discriminator.

    With lazy penalties the learning rate becomes c·lr and the decays β^c, so that k + 1 updates move a weight as far
    as k would (Karras et al. 2019, appendix B).

    Args:
        config: The experiment.
        steps_per_epoch: Training steps in a pass over the data.
        total_steps: Training steps of the run.

    Returns:
        `g_optimizer`, `m_optimizer`, `d_optimizer`, as `StyleGAN.compile` takes them.
    """
    options = config.optimizer
    generator, discriminator = _lazy_intervals(config)
    optimizers = {}
    for name, rate, intervals, every in (
        ("g_optimizer", options.g_learning_rate, generator, config.training.discriminator_steps),
        ("m_optimizer", options.m_learning_rate, generator, config.training.discriminator_steps),
        ("d_optimizer", options.d_learning_rate, discriminator, 1),
    ):
        correction = lazy_correction(intervals)
        optimizers[name] = Adam(
            learning_rate(
                options,
                rate,
                correction,
                updates=partial(updates_after, every=every, intervals=intervals),
                steps_per_epoch=steps_per_epoch,
                total_steps=total_steps,
                steps_per_kimg=1000 / config.training.batch_size,
            ),
            beta_1=options.beta_1**correction,
            beta_2=options.beta_2**correction,
            epsilon=options.epsilon,
            name=name,
        )
    return optimizers
