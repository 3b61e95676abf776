"""Learning-rate schedules, all of them stock `keras.optimizers.schedules`, counted in training steps."""

import math
from itertools import accumulate

import keras

from keras_stylegan.config import OptimizerConfig


def learning_rate(
    options: OptimizerConfig,
    rate: float,
    factor: float,
    *,
    steps_per_epoch: int,
    total_steps: int,
    steps_per_kimg: float,
) -> keras.optimizers.schedules.LearningRateSchedule | float:
    """The learning rate of one optimizer.

    Args:
        options: Kind of schedule and its numbers.
        rate: Learning rate of 'constant', peak of 'cosine'; 'phases' has its own.
        factor: Multiplies every rate (see `lazy_correction`).
        steps_per_epoch: Training steps in a pass over the data.
        total_steps: Training steps of the run.
        steps_per_kimg: Training steps per thousand images.

    Returns:
        A schedule, called with the number of training steps done before; a number if the rate never changes.
    """
    schedules = keras.optimizers.schedules
    if options.schedule == "cosine":
        warmup = math.ceil(options.warmup_kimg * steps_per_kimg)
        decay = max(1, total_steps - warmup)
        if warmup == 0:
            return schedules.CosineDecay(rate * factor, decay)
        return schedules.CosineDecay(0.0, decay, warmup_target=rate * factor, warmup_steps=warmup)
    phases = options.phases if options.schedule == "phases" else ((1, rate),)
    rates = [rate * factor for _, rate in phases]
    ends = list(accumulate(epochs for epochs, _ in phases))[:-1]
    if not ends:
        return rates[0]
    # PiecewiseConstantDecay keeps a value through its boundary: the last step of n has number n - 1.
    return schedules.PiecewiseConstantDecay([end * steps_per_epoch - 1 for end in ends], rates)
