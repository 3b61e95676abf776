"""Learning-rate schedules, all of them stock `keras.optimizers.schedules`."""

import math
from collections.abc import Callable
from itertools import accumulate

import keras

from keras_stylegan.config import OptimizerConfig


def learning_rate(
    options: OptimizerConfig,
    rate: float,
    factor: float,
    *,
    updates: Callable[[int], int],
    steps_per_epoch: int,
    total_steps: int,
    steps_per_kimg: float,
) -> keras.optimizers.schedules.LearningRateSchedule:
    """The schedule of one optimizer, counted in that optimizer's updates.

    Args:
        options: Kind of schedule and its numbers.
        rate: Learning rate of 'constant', peak of 'cosine'; 'phases' has its own.
        factor: Multiplies every rate (see `lazy_correction`).
        updates: From training steps done to updates of this optimizer done.
        steps_per_epoch: Training steps in a pass over the data.
        total_steps: Training steps of the run.
        steps_per_kimg: Training steps per thousand images.

    Returns:
        A `LearningRateSchedule`.
    """
    schedules = keras.optimizers.schedules
    if options.schedule == "cosine":
        warmup = updates(math.ceil(options.warmup_kimg * steps_per_kimg))
        decay = max(1, updates(total_steps) - warmup)
        if warmup == 0:
            return schedules.CosineDecay(rate * factor, decay)
        return schedules.CosineDecay(0.0, decay, warmup_target=rate * factor, warmup_steps=warmup)
    phases = options.phases if options.schedule == "phases" else ((1, rate),)
    rates = [rate * factor for _, rate in phases]
    ends = list(accumulate(epochs for epochs, _ in phases))[:-1]
    if not ends:
        # Equal on both sides of a boundary; Keras has no schedule that is simply constant.
        return schedules.PiecewiseConstantDecay([1], rates * 2)
    # PiecewiseConstantDecay keeps a value through its boundary: update n has index n - 1.
    return schedules.PiecewiseConstantDecay([updates(end * steps_per_epoch) - 1 for end in ends], rates)
