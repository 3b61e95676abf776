"""The three Adam optimizers and their learning-rate schedules."""

import keras

from keras_stylegan.config import Config
from keras_stylegan.training.schedules import learning_rate


def _updates_per_step(config: Config) -> tuple[float, float]:
    """Optimizer updates per training step: (generator and mapping, discriminator), lazy penalties included."""
    loss = config.loss
    lazy = [(loss.gp_weight, loss.gp_interval), (loss.r1_gamma, loss.r1_interval), (loss.r2_gamma, loss.r2_interval)]
    discriminator = 1 + sum(1 / interval for weight, interval in lazy if weight and interval > 1)
    generator = 1 + (1 / loss.pl_interval if loss.pl_weight else 0)
    return generator / config.training.discriminator_steps, discriminator


def lazy_correction(updates_per_main_update: float) -> float:
    """c = k/(k + 1) for one penalty every k-th update (Karras et al. 2019, appendix B).

    Args:
        updates_per_main_update: 1 + Σ 1/k over the lazy penalties.
    """
    return 1 / updates_per_main_update


def make_optimizers(config: Config, steps_per_epoch: int, total_steps: int) -> dict[str, keras.optimizers.Adam]:
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
    generator, discriminator = _updates_per_step(config)
    optimizers = {}
    for name, rate, updates, main in (
        ("g_optimizer", options.g_learning_rate, generator, 1 / config.training.discriminator_steps),
        ("m_optimizer", options.m_learning_rate, generator, 1 / config.training.discriminator_steps),
        ("d_optimizer", options.d_learning_rate, discriminator, 1.0),
    ):
        correction = lazy_correction(updates / main)
        optimizers[name] = keras.optimizers.Adam(
            learning_rate(
                options,
                rate,
                correction,
                updates_per_epoch=updates * steps_per_epoch,
                total_updates=updates * total_steps,
                updates_per_kimg=updates * 1000 / config.training.batch_size,
            ),
            beta_1=options.beta_1**correction,
            beta_2=options.beta_2**correction,
            epsilon=options.epsilon,
            name=name,
        )
    return optimizers
