"""Ends a part of a run after so much training, for runs that take turns."""

import math
import time
from collections.abc import Callable
from pathlib import Path

from keras_stylegan.training.callbacks.interval import Interval
from keras_stylegan.training.callbacks.step_callback import StepCallback
from keras_stylegan.training.clock import Moment, at, read_clock, write_clock


class Sitting(StepCallback):
    """Stops training at a time or a number of images, evaluates there, and keeps clock.csv.

    Training time is that of the steps, their data and the log. What comes after this callback in a step (evaluation,
    checkpoint, plot, samples) is other time, and so are start-up and the steps that compile: the first of a process,
    and of each resolution while networks grow. `after` must be the last callback of the list.

    The clock is written before the checkpoint of the same step. On resuming, rows beyond the state that training
    continues from are dropped.

    Args:
        path: clock.csv.
        seconds: Training time of the whole run at which the sitting ends, or None.
        images: Images of the whole run at which it ends, or None.
        started: `time.perf_counter()` when the process began.

    Attributes:
        after: The callback that ends a step's other time.
        over: Whether the sitting has reached its end.
    """

    def __init__(
        self, path: Path, seconds: float | None = None, images: int | None = None, started: float | None = None
    ) -> None:
        super().__init__()
        self.path = Path(path)
        self.seconds = math.inf if seconds is None else seconds
        self.images = math.inf if images is None else images
        self.after = _After(self)
        self.over = False
        self._started = time.perf_counter() if started is None else started
        self._evaluate: Callable[[], object] | None = None
        self._moments: list[Moment] | None = None
        self._training = self._counted = self._other = 0.0
        self._since: float | None = None
        self._compiled: tuple | None = None

    def join(self, total_images: int, log_kimg: float, evaluate: Callable[[], object] | None) -> None:
        """Takes its place in a run.

        Args:
            total_images: Images of the whole run, where it ends in any case.
            log_kimg: Interval between two rows in thousands of images.
            evaluate: Called when the sitting has reached its end.
        """
        self.images = min(self.images, total_images)
        self._interval, self._evaluate = Interval(log_kimg), evaluate

    def on_train_begin(self, logs=None):
        """Goes on from the clock of the state that training continues from.

        Raises:
            InputError: clock.csv is damaged.
        """
        seen = self.model.images_seen
        self._interval.start(seen)
        if self._moments is None:
            moments = read_clock(self.path)
            now = at(moments, seen)
            self._moments = [moment for moment in moments if moment.images < seen] + [now] * (seen > 0)
            self._training, self._other = now.training, now.other
        # `fit_epochs` calls `fit` twice when it begins within an epoch; the step is compiled once.
        # A stage of growing begins with a step that compiles.
        compiled = self._compiled and self._compiled[0] == getattr(self.model, "stage", None)
        self._since = time.perf_counter() if compiled else None

    def on_train_batch_end(self, batch, logs=None):
        """Counts the step; stops if the sitting is over.

        Raises:
            InputError: The disk is full.
        """
        self._count()
        self._compiled = (getattr(self.running_model, "stage", None),)
        ends = self._interval.ends(self.running_model)
        seen = self.running_model.images_seen
        if not self._is_over(seen):
            if ends:
                self._write(seen)
            return
        # Steps that the device still works at are training too.
        self._since = time.perf_counter()
        seen = self.model.images_seen
        self._count()
        self._write(seen)
        self.over = self.running_model.stop_training = True
        if self._evaluate is not None:
            self._evaluate()

    def on_train_end(self, logs=None):
        """Writes the time of the last state."""
        self._write(self.model.images_seen)

    def goes_on(self) -> None:
        """What follows is training again."""
        self._since = time.perf_counter()

    def _is_over(self, seen: int) -> bool:
        return self._training >= self.seconds or seen >= self.images

    def _count(self) -> None:
        if self._since is not None:
            seconds = time.perf_counter() - self._since
            self._training += seconds
            self._counted += seconds
            self._since = None

    def _write(self, seen: int) -> None:
        other = self._other + time.perf_counter() - self._started - self._counted
        kept = [moment for moment in self._moments if moment.images < seen]
        self._moments = [*kept, Moment(seen, self._training, other)]
        write_clock(self.path, self._moments)


class _After(StepCallback):
    """Tells a sitting that everything else of a step is done."""

    def __init__(self, sitting: Sitting) -> None:
        super().__init__()
        self.sitting = sitting

    def on_train_batch_end(self, batch, logs=None):
        """The next step begins."""
        self.sitting.goes_on()
