"""The numbers of a run: log.csv and TensorBoard."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from keras_stylegan.atomic import replace_file
from keras_stylegan.errors import InputError
from keras_stylegan.training.callbacks.interval import Interval, metric_means
from keras_stylegan.training.callbacks.step_callback import StepCallback
from keras_stylegan.training.callbacks.tensorboard_events import TensorBoardEvents
from keras_stylegan.training.log_csv import FIRST, images_of, read_log


class TrainingLog(StepCallback):
    """Appends the means of all metrics to log.csv at every interval, and starts the means anew.

    Columns: `kimg` (thousands of images seen at the end of the interval), `epoch` (the pass over the data,
    from 1), then the model's metrics.
    A value is the shortest decimal number that gives the same float32; a cell is empty where the interval has no
    value (a lazy penalty that was not due). There are no timings, so that an interrupted and resumed run writes the
    same bytes as an uninterrupted one: on resuming, rows beyond the state that training continues from are dropped.
    A metric that is new then (a penalty was turned on) has empty cells in the rows before; one that is gone keeps its
    column at the end, with empty cells from there on.

    Args:
        run_dir: Folder of the run: log.csv and the TensorBoard events in `tensorboard/metrics/` go there. None in a
            process that writes nothing: it starts the means anew at the same steps.
        kimg: Interval in thousands of images.
        epoch_of: From the images seen to the pass; by default Keras's epoch, of which a run that grows begins a new one
            with every resolution.

    Raises:
        InputError: log.csv is damaged.
    """

    def __init__(self, run_dir: Path | None, kimg: float = 1.0, epoch_of: Callable[[int], int] | None = None):
        super().__init__()
        self._epoch_of = epoch_of or (lambda images_seen: self._epoch)
        self._interval = Interval(kimg)
        self._epoch = 0
        self.path = None
        if run_dir is not None:
            self.path = Path(run_dir) / "log.csv"
            self._events = TensorBoardEvents(Path(run_dir) / "tensorboard" / "metrics")
            read_log(self.path)

    def on_train_begin(self, logs=None):
        """Takes over the metrics and cuts the file to the state that training continues from.

        Raises:
            InputError: log.csv is damaged, or cannot be written.
        """
        self.model.interval_metrics = True
        self._interval.start(self.model.images_seen)
        if self.path is None:
            return
        old, rows = read_log(self.path)
        rows = [row for row in rows if images_of(row) <= self.model.images_seen]
        own = [*FIRST, *(metric.name for metric in self.model.metrics)]
        self._columns = own + [name for name in old if rows and name not in own]
        lines = [",".join(self._columns), *(self._line(row) for row in rows)]
        content = "".join(line + "\n" for line in lines).encode()
        if not self.path.exists() or content != self.path.read_bytes():
            replace_file(self.path, content)

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
        if self.path is not None:
            images_seen = self.model.images_seen
            means = {name: value for name, value in metric_means(self.model.metrics).items() if value is not None}
            row = {"kimg": repr(images_seen / 1000), "epoch": str(self._epoch_of(images_seen))}
            self._append(self._line(row | {name: str(np.float32(value)) for name, value in means.items()}))
            self._events.add_scalars(images_seen, means)
        self.model.reset_interval()

    def on_train_end(self, logs=None):
        """Closes the TensorBoard events."""
        if self.path is not None:
            self._events.close()

    def _line(self, row: dict[str, str]) -> str:
        return ",".join(row.get(name, "") for name in self._columns)

    def _append(self, line: str) -> None:
        try:
            with open(self.path, "a", encoding="utf-8", newline="") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(f"cannot write {self.path}: {error.strerror}; make room, then continue") from error
