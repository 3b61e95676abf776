"""Keeps the processes that write nothing in step with the one that does."""

from collections.abc import Callable

from keras_stylegan.training.callbacks.interval import Interval
from keras_stylegan.training.callbacks.step_callback import StepCallback


class Follower(StepCallback):
    """Does to the model what `TrainingLog` and `Checkpoints` do to the chief's: new means, and a look at the numbers.

    Args:
        log_kimg: Interval of `TrainingLog`.
        checkpoint_kimg: Interval of `Checkpoints`.
        healthy: `healthy` of `Checkpoints`.
    """

    def __init__(self, log_kimg: float, checkpoint_kimg: float, healthy: Callable[[], bool]) -> None:
        super().__init__()
        self.healthy = healthy
        self._log, self._checkpoint = Interval(log_kimg), Interval(checkpoint_kimg)

    def on_train_begin(self, logs=None):
        """Starts counting at the state that training continues from."""
        self.model.interval_metrics = True
        self._log.start(self.model.images_seen)
        self._checkpoint.start(self.model.images_seen)

    def on_train_batch_end(self, batch, logs=None):
        """Starts new means, then looks at the numbers, each when its interval is over."""
        if self._log.ends(self.running_model):
            self.model.reset_interval()
        if self._checkpoint.ends(self.running_model):
            self.healthy()
