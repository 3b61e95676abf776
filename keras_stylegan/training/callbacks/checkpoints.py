"""Saves the state of a run at intervals."""

from collections.abc import Callable
from pathlib import Path

from keras_stylegan.training.callbacks.interval import Interval
from keras_stylegan.training.callbacks.step_callback import StepCallback
from keras_stylegan.training.checkpoint import CheckpointFolder
from keras_stylegan.training.record import Record


class Checkpoints(StepCallback):
    """Writes a checkpoint at every interval and, with `save`, at any other moment.

    Args:
        folder: Where they go; None in a process that writes nothing, which looks at the numbers at the same steps.
        record: What a checkpoint says of the run besides its variables.
        kimg: Interval in thousands of images.
        healthy: Asked before every save; a state it rejects is not saved, so that the last good one stays.
    """

    def __init__(
        self,
        folder: CheckpointFolder | None,
        record: Record,
        kimg: float = 20.0,
        healthy: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__()
        self.folder = folder
        self.record = record
        self.healthy = healthy
        self._interval = Interval(kimg)
        self._saved: tuple[int, Path] | None = None

    def on_train_begin(self, logs=None):
        """Starts counting at the state that training continues from."""
        self._interval.start(self.model.images_seen)

    def on_train_batch_end(self, batch, logs=None):
        """Saves when the interval is over.

        Raises:
            InputError: The disk is full.
        """
        if self._interval.ends(self.running_model):
            self.save()

    def save(self) -> Path | None:
        """Save the present state unless it is saved already; returns its file, or None if it is not healthy."""
        if not self.healthy() or self.folder is None:
            return None
        if self._saved is None or self._saved[0] != self.model.images_seen:
            self._saved = (self.model.images_seen, self.folder.save(self.model, self.record))
        return self._saved[1]
