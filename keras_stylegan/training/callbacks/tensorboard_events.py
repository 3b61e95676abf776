"""Scalars and pictures for TensorBoard, without TensorFlow."""

import os
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from keras_stylegan.errors import InputError

VERSION = "brain.Event:2"
"""First event of a file, by which readers know it."""


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
        """Adds one point to every curve of `values`; `step` is the number of images seen.

        Raises:
            InputError: The disk is full, or the folder cannot be written.
        """
        self._add(step, [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])

    def add_picture(self, step: int, tag: str, png: bytes, shape: tuple[int, int, int]) -> None:
        """Adds a PNG of `shape` (height, width, channels).

        Raises:
            InputError: The disk is full, or the folder cannot be written.
        """
        height, width, channels = shape
        image = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=png)
        self._add(step, [Summary.Value(tag=tag, image=image)])

    def close(self) -> None:
        """Closes the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _add(self, step, values):
        events = [Event(step=step, summary=Summary(value=values))]
        try:
            if self._writer is None:
                self.directory.mkdir(parents=True, exist_ok=True)
                # TensorBoard reads the files of a folder in the order of their names.
                name = f"events.out.tfevents.{time.time_ns():020d}.{os.getpid()}"
                # Not tensorboard's own EventFileWriter: it writes in a thread, which answers a full disk with a
                # traceback of its own.
                self._writer = RecordWriter(open(self.directory / name, "xb"))  # noqa: SIM115 - open as long as the run
                restart = SessionLog(status=SessionLog.START)
                events = [Event(file_version=VERSION), Event(step=step, session_log=restart), *events]
            for event in events:
                event.wall_time = time.time()
                self._writer.write(event.SerializeToString())
            self._writer.flush()
        except OSError as error:
            raise InputError(f"cannot write {self.directory}: {error.strerror}; make room, then continue") from error
