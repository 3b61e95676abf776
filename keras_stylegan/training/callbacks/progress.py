"""How far a run is, how fast, and for how long still."""

import math
import time

import rich.progress

from keras_stylegan.training.callbacks.interval import Interval, metric_means
from keras_stylegan.training.callbacks.step_callback import StepCallback
from keras_stylegan.training.journal import Journal

SHOWN = ("d_loss", "g_loss", "resolution", "alpha")
"""Of the metrics; the last two where a network grows."""


class Progress(StepCallback):
    """A progress bar on a terminal; elsewhere one line per interval. The lines go to the run's train.log as well.

    A line: `12.8 of 2000 kimg, 3.52 s/kimg (284 images/s), 1:56:38 left: d_loss 0.123, g_loss -0.45`. The speed is
    that of the steps and the callbacks since the last line; the time left follows from the mean speed of this `fit`.
    Its first step, which compiles, does not count.

    Args:
        total_images: Real images of the whole run, those of earlier sittings included.
        journal: Where to print, and what gets every line.
        kimg: Interval of the lines, and of the losses in the bar, in thousands of images. `TrainingLog`'s interval
            or a part of it.
    """

    def __init__(self, total_images: int, journal: Journal, kimg: float = 1.0):
        super().__init__()
        self.total_images = total_images
        self.journal = journal
        self._interval = Interval(kimg)
        self._bar = None
        self._first: tuple[float, int] | None = None
        self._since: tuple[float, int] | None = None

    def on_train_begin(self, logs=None):
        """Shows the bar."""
        self._since = None
        self._interval.start(self.model.images_seen)
        if self.journal.console.is_terminal:
            self._bar = rich.progress.Progress(
                rich.progress.BarColumn(),
                rich.progress.TextColumn("{task.fields[kimg]} kimg"),
                rich.progress.TextColumn("{task.fields[rate]}"),
                rich.progress.TimeRemainingColumn(),
                rich.progress.TextColumn("left {task.fields[losses]}"),
                console=self.journal.console,
                speed_estimate_period=600,
                refresh_per_second=2,
            )
            seen = self.model.images_seen
            # `total` of at least one image: a bar of nothing would pulse for ever.
            self._bar.add_task(
                "", total=max(1, self.total_images), completed=seen, kimg=self._kimg(seen), rate="", losses=""
            )
            with self.journal.showing():
                self._bar.start()

    def on_train_batch_end(self, batch, logs=None):
        """Moves the bar; writes a line when the interval is over."""
        seen = self.running_model.images_seen
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=seen, kimg=self._kimg(seen))
        ends = self._interval.ends(self.running_model)
        if self._since is None:
            self._first = self._since = (time.perf_counter(), seen)
        elif ends:
            self._report(seen)

    def on_train_end(self, logs=None):
        """Removes the bar."""
        if self._bar is not None:
            with self.journal.showing():
                self._bar.stop()
            self._bar = None

    def _report(self, seen):
        now = time.perf_counter()
        seconds_per_image = (now - self._since[0]) / max(1, seen - self._since[1])
        self._since = (now, seen)
        mean = (now - self._first[0]) / max(1, seen - self._first[1])
        left = _duration(mean * max(0, self.total_images - seen))
        rate = f"{1000 * seconds_per_image:.3g} s/kimg ({1 / max(seconds_per_image, 1e-9):.3g} images/s)"
        means = metric_means(self.model.metrics)
        losses = ", ".join(f"{name} {means[name]:.4g}" for name in SHOWN if means.get(name) is not None)
        line = f"{self._kimg(seen)} kimg, {rate}, {left} left: {losses}"
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], rate=rate, losses=losses)
        self.journal.say(line, show=self._bar is None)

    def _kimg(self, seen):
        return f"{seen / 1000:g} of {self.total_images / 1000:g}"


def _duration(seconds: float) -> str:
    """Hours, minutes and seconds as h:mm:ss."""
    minutes, second = divmod(math.ceil(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02d}:{second:02d}"
