"""Ends a run at its planned length, or at the end of a step when somebody asks."""

import contextlib
import signal

import keras

from keras_stylegan.backend.replicas import anywhere, num_processes
from keras_stylegan.interrupt import SIGNALS, Interrupted, handling
from keras_stylegan.training.callbacks.step_callback import StepCallback


class StopAt(StepCallback):
    """Stops after a number of images, also within an epoch.

    Args:
        images: Real images of the whole run, or of its stages so far.
    """

    def __init__(self, images: int) -> None:
        super().__init__()
        self.images = images

    def on_train_batch_end(self, batch, logs=None):
        """Stops when they have been shown."""
        if self.running_model.images_seen >= self.images:
            self.running_model.stop_training = True


class StopOnSignal(keras.callbacks.Callback):
    """On a signal (see `interrupt`) lets the current step finish, then stops. In a single process a second Ctrl-C
    interrupts.

    A signal reaches several processes at different steps, and they must stop after the same one. So they ask one
    another every few steps.

    Use it as a context manager around `fit` and the saving after it, so that the former handlers come back.

    Attributes:
        received: The signal that ended training, or None.
    """

    STEPS = 10
    """Steps (or groups of `steps_per_execution`) between two questions; a question waits for the device."""

    def __init__(self) -> None:
        super().__init__()
        self.received: signal.Signals | None = None
        self._caught: signal.Signals | None = None
        self._steps = 0

    def __enter__(self) -> "StopOnSignal":
        """Install the handlers."""
        self._handlers = contextlib.ExitStack()
        self._handlers.enter_context(handling(self._handle))
        return self

    def __exit__(self, *exception: object) -> None:
        """Put the former handlers back."""
        self._handlers.close()

    def _handle(self, number: int) -> None:
        if self._caught is None:
            self._caught = signal.Signals(number)
        elif number == signal.SIGINT and num_processes() == 1:
            raise Interrupted(number)
        # Several processes get a terminal's Ctrl-C twice: torchrun passes on what it received as well. A terminal that
        # closes may say so twice.

    def on_train_batch_end(self, batch, logs=None):
        """Stops if a signal has come, to whichever process."""
        self._steps += 1
        if num_processes() > 1 and self._steps % self.STEPS:
            return
        if anywhere(self._caught is not None):
            self.received = next(number for number in SIGNALS if anywhere(self._caught == number))
            self.model.stop_training = True
