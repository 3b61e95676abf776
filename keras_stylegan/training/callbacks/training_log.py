"""The numbers of a run: log.csv and TensorBoard."""

import os
from pathlib import Path

import numpy as np

from keras_stylegan.atomic import replace_file
from keras_stylegan.errors import InputError
from keras_stylegan.training.callbacks.interval import Interval, metric_means
from keras_stylegan.training.callbacks.step_callback import StepCallback
from keras_stylegan.training.callbacks.tensorboard_events import TensorBoardEvents


class TrainingLog(StepCallback):
    """Appends the means of all metrics to log.csv at every interval, and starts the means anew.

    Columns: `kimg` (thousands of images seen at the end of the interval), `epoch` (from 1), then the model's metrics.
    A value is the shortest decimal number that gives the same float32; a cell is empty where the interval has no
    value (a lazy penalty that was not due). There are no timings, so that an interrupted and resumed run writes the
    same bytes as an uninterrupted one: on resuming, rows beyond the state that training continues from are dropped.

    Args:
        run_dir: Folder of the run: log.csv and the TensorBoard events in `tensorboard/metrics/` go there.
        kimg: Interval in thousands of images.
    """

    def __init__(self, run_dir: Path, kimg: float = 1.0):
        super().__init__()
        self.path = Path(run_dir) / "log.csv"
        self._interval = Interval(kimg)
        self._events = TensorBoardEvents(Path(run_dir) / "tensorboard" / "metrics")
        self._epoch = 0

    def on_train_begin(self, logs=None):
        """Takes over the metrics and cuts the file to the state that training continues from.

        Raises:
            InputError: log.csv has other columns than this model, or cannot be written.
        """
        self.model.interval_metrics = True
        self._interval.start(self.model.images_seen)
        header = ",".join(["kimg", "epoch", *(metric.name for metric in self.model.metrics)]) + "\n"
        old = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        # A row without its end was being written when the run was killed.
        rows = [row for row in old.splitlines(keepends=True) if row.endswith("\n")]
        kept = [row for row in rows[1:] if _images(row, self.path) <= self.model.images_seen]
        if kept and rows[0] != header:
            raise InputError(
                f"{self.path} has other columns than this run: move it away. "
                f"Expected: {header.strip()!r}. Received: {rows[0].strip()!r}"
            )
        new = header + "".join(kept)
        if new != old:
            replace_file(self.path, new.encode())

    def on_epoch_begin(self, epoch, logs=None):
        """Notes the epoch."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        """Writes a row when the interval is over.

        Raises:
            InputError: The disk is full.
        """
        if not self._interval.ends(self.running_model):
            return
        images_seen = self.model.images_seen
        means = metric_means(self.model.metrics)
        cells = ["" if value is None else str(np.float32(value)) for value in means.values()]
        self._append(",".join([repr(images_seen / 1000), str(self._epoch), *cells]) + "\n")
        self._events.add_scalars(images_seen, {name: value for name, value in means.items() if value is not None})
        self.model.reset_interval()

    def on_train_end(self, logs=None):
        """Closes the TensorBoard events."""
        self._events.close()

    def _append(self, row):
        try:
            with open(self.path, "a", encoding="utf-8", newline="") as file:
                file.write(row)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(f"Cannot write {self.path}: {error.strerror}. Free some space, then resume.") from error


def _images(row: str, path: Path) -> int:
    try:
        return round(1000 * float(row.split(",")[0]))
    except ValueError as error:
        raise InputError(f"{path} is damaged: move it away. Received row: {row.strip()!r}") from error
