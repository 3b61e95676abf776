"""Stops a run whose numbers are no longer finite."""

import math
from collections.abc import Callable

import keras

ADVICE = (
    "Try a lower learning rate (--optimizer.d-learning-rate, --optimizer.g-learning-rate or --optimizer.phases) "
    "or a stronger penalty (--loss.r1-gamma, --loss.gp-weight), or look for damaged images."
)


class StopOnNonFinite(keras.callbacks.Callback):
    """Ends training when a loss is NaN or infinite, or an update was skipped because a gradient was.

    It looks after every batch, so that a callback after it never saves such a state unaware. Reading the sums of
    three metrics costs microseconds.

    Args:
        say: Called with `stopped_reason`.

    Attributes:
        stopped_reason: One line that says what happened when and what to try; None while all is well. It stays, also
            when `fit` is called again.
    """

    def __init__(self, say: Callable[[str], None] = print):
        super().__init__()
        self.say = say
        self.stopped_reason: str | None = None

    def on_train_batch_end(self, batch, logs=None):
        """Checks the losses and the skipped updates."""
        if self.stopped_reason is not None:
            self.model.stop_training = True
            return
        found = self._find()
        if found is not None:
            self.stopped_reason = f"Stopped at {self.model.images_seen / 1000:g} kimg: {found}. {ADVICE}"
            self.model.stop_training = True
            self.say(self.stopped_reason)

    def _find(self):
        for metric in self.model.metrics:
            if metric.name in ("d_loss", "g_loss"):
                # A sum that was not finite once stays so until the mean is reset.
                value = float(metric.total)
                if not math.isfinite(value):
                    return f"{metric.name} is {value}"
            elif metric.name == "skipped_updates" and float(metric.total) > 0:
                return "an update was skipped, because its gradients were not finite"
        return None
