"""Values that change with the images seen, computed within the step: a resumed run has those of its options."""

import itertools
import math

import keras
from keras import ops

from keras_stylegan.training.scheduled_adam import ScheduledAdam

SCHEDULED = ("r1_gamma", "r2_gamma", "learning_rate_factor", "beta_2", "ema_kimg", "augment_strength")
"""What can have a schedule, by the names in `ScheduleConfig`."""


class KimgSchedule:
    """A value between pairs (kimg, value): log v is linear in the images, and constant beyond the last pair.

    Args:
        name: One of `SCHEDULED`. Of 'beta_2' it is 1 − v that changes so: what counts of a decay is how far it
            averages, 1/(1 − β₂) updates.
        pairs: Increasing kimg from 0 on, positive values.

    Attributes:
        tracker: Mean of the value since the last reset, for the log.
    """

    def __init__(self, name, pairs):
        if name not in SCHEDULED:
            raise ValueError(f"schedules must be of {SCHEDULED}. Received: {name!r}")
        self.name = name
        self.pairs = tuple((float(kimg), float(value)) for kimg, value in pairs)
        self.tracker = keras.metrics.Mean(name=name)

    def __call__(self, images):
        """The value, a float32 scalar, after so many images (an integer scalar)."""
        kimg = ops.cast(images, "float32") / 1000.0
        logs = [math.log(self._positive(value)) for _, value in self.pairs]
        total = logs[0]
        for ((start, _), low), ((end, _), high) in itertools.pairwise(zip(self.pairs, logs, strict=True)):
            total = total + (high - low) * ops.clip((kimg - start) / (end - start), 0.0, 1.0)
        return self._positive(ops.exp(total))

    def _positive(self, value):
        """What is multiplied; its own inverse."""
        return 1.0 - value if self.name == "beta_2" else value

    def text(self, factor=1.0):
        """'2 at 0 kimg, 0.2 at 100 kimg', the values times a factor."""
        return ", ".join(f"{factor * value:g} at {kimg:g} kimg" for kimg, value in self.pairs)


def set_optimizers(gan):
    """Set what the optimizers take from the number of the step and of the images, and log what is scheduled.

    In every step anew, so that a resumed run has the rates of its options and not those of its checkpoint.
    """
    now = {name: schedule(gan.images) for name, schedule in gan.schedules.items()}
    for name, value in now.items():
        gan.schedules[name].tracker.update_state(value)
    for name, rate in gan.learning_rates.items():
        rate = rate(gan.step) if callable(rate) else rate
        factor = now.get("learning_rate_factor")
        getattr(gan, name).learning_rate.assign(rate if factor is None else rate * factor)
    if "beta_2" in now:
        for optimizer in gan.optimizers:
            if isinstance(optimizer, ScheduledAdam):
                optimizer.set_beta_2(now["beta_2"])
