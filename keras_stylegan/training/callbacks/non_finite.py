"""Stops a run whose numbers are no longer finite."""

import math
from collections.abc import Callable

import keras

from keras_stylegan.training.callbacks.interval import Interval
from keras_stylegan.training.callbacks.step_callback import StepCallback

ADVICE = (
    "Try a lower learning rate (--optimizer.d-learning-rate, --optimizer.g-learning-rate or --optimizer.phases) "
    "or a stronger penalty (--loss.r1-gamma, --loss.gp-weight), or look for damaged images."
)


class StopOnNonFinite(StepCallback):
    """Ends training when a loss is NaN or infinite, or an update was skipped because a gradient was.

    With float16 an overflow that a smaller loss scale answers (the metric `overflows`) is no such update.

    It looks at every interval and when asked by `healthy`, because reading a metric waits for the step to finish.

    Args:
        say: Called with `stopped_reason`.
        kimg: Interval in thousands of images, that of `TrainingLog`, which resets the sums; by default every batch.

    Attributes:
        stopped_reason: One line that says what happened when and what to try; None while all is well. It stays, also
            when `fit` is called again.
    """

    def __init__(self, say: Callable[[str], None] = print, kimg: float = 0.0):
        super().__init__()
        self.say = say
        self._interval = Interval(kimg)
        self.stopped_reason: str | None = None

    def on_train_begin(self, logs=None):
        """Starts counting at the state that training continues from."""
        self._interval.start(self.model.images_seen)

    def on_train_batch_end(self, batch, logs=None):
        """Checks the losses and the skipped updates when the interval is over."""
        if self._interval.ends(self.running_model) or self.stopped_reason is not None:
            self.healthy()

    def healthy(self) -> bool:
        """Checks the losses and the skipped updates now; stops training if they are not finite."""
        if self.stopped_reason is None and (found := self._find()) is not None:
            self.stopped_reason = f"Stopped at {self.model.images_seen / 1000:g} kimg: {found}. {ADVICE}"
            self.say(self.stopped_reason)
        if self.stopped_reason is not None:
            self.model.stop_training = True
        return self.stopped_reason is None

    def _find(self):
        for metric in self.model.metrics:
            if metric.name in ("d_loss", "g_loss"):
                # A sum that was not finite once stays so until the mean is reset.
                value = float(keras.ops.convert_to_numpy(metric.total))
                if not math.isfinite(value):
                    return f"{metric.name} is {value}"
            elif metric.name == "skipped_updates" and float(keras.ops.convert_to_numpy(metric.total)) > 0:
                return "an update was skipped, because its gradients were not finite"
        return None
