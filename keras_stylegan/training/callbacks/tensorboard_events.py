"""Scalars and pictures for TensorBoard, without TensorFlow."""

import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


class TensorBoardEvents:
    """An event file that is opened by the first event and again by the first one after `close`.

    On opening, what earlier files of the folder have at this step and later is declared void: a run that resumes from
    an older state shows one curve.

    Args:
        directory: Folder of the event files, of nobody else's: TensorBoard follows one growing file a folder.
    """

    def __init__(self, directory: Path):
        self.directory = Path(directory)
        self._writer = None

    def add_scalars(self, step: int, values: dict[str, float]) -> None:
        """Adds one point to every curve of `values`; `step` is the number of images seen."""
        self._add(step, [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])

    def add_picture(self, step: int, tag: str, png: bytes, shape: tuple[int, int, int]) -> None:
        """Adds a PNG of `shape` (height, width, channels)."""
        height, width, channels = shape
        image = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=png)
        self._add(step, [Summary.Value(tag=tag, image=image)])

    def close(self) -> None:
        """Writes what is pending and closes the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _add(self, step, values):
        if self._writer is None:
            self._writer = EventFileWriter(str(self.directory))
            restart = SessionLog(status=SessionLog.START)
            self._writer.add_event(Event(step=step, wall_time=time.time(), session_log=restart))
        self._writer.add_event(Event(step=step, wall_time=time.time(), summary=Summary(value=values)))
        self._writer.flush()
