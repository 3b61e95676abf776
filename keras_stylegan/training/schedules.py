"""Learning-rate schedules, all of them stock `keras.optimizers.schedules`."""

import math
from itertools import accumulate

import keras

from keras_stylegan.config import OptimizerConfig


def learning_rate(
    options: OptimizerConfig,
    rate: float,
    factor: float,
    *,
    updates_per_epoch: float,
    total_updates: float,
    updates_per_kimg: float,
) -> keras.optimizers.schedules.LearningRateSchedule:
    """The schedule of one optimizer, counted in that optimizer's updates.

    Args:
        options: Kind of schedule and its numbers.
        rate: Learning rate of 'constant', peak of 'cosine'; 'phases' has its own.
        factor: Multiplies every rate (see `lazy_correction`).
        updates_per_epoch: Updates in a pass over the data.
        total_updates: Updates of the run.
        updates_per_kimg: Updates per thousand images.

    Returns:
        A `LearningRateSchedule`.
    """
    schedules = keras.optimizers.schedules
    if options.schedule == "phases":
        ends = list(accumulate(epochs for epochs, _ in options.phases))[:-1]
        # PiecewiseConstantDecay keeps a value through its boundary: update n has index n - 1.
        boundaries = [round(end * updates_per_epoch) - 1 for end in ends]
        return schedules.PiecewiseConstantDecay(boundaries, [rate * factor for _, rate in options.phases])
    if options.schedule == "cosine":
        warmup = math.ceil(options.warmup_kimg * updates_per_kimg)
        decay = max(1, math.ceil(total_updates) - warmup)
        if warmup == 0:
            return schedules.CosineDecay(rate * factor, decay)
        return schedules.CosineDecay(0.0, decay, warmup_target=rate * factor, warmup_steps=warmup)
    return schedules.PiecewiseConstantDecay([], [rate * factor])
