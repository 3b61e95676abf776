"""Ends a run at its planned length, or at the end of a step when somebody asks."""

import signal
import types

import keras


class StopAt(keras.callbacks.Callback):
    """Stops after a number of images, also within an epoch.

    Args:
        total_images: Real images of the whole run.
    """

    def __init__(self, total_images: int) -> None:
        super().__init__()
        self.total_images = total_images

    def on_train_batch_end(self, batch, logs=None):
        """Stops when the run is complete."""
        if self.model.images_seen >= self.total_images:
            self.model.stop_training = True


class StopOnSignal(keras.callbacks.Callback):
    """On Ctrl-C or SIGTERM lets the current step finish, then stops; a second Ctrl-C interrupts at once.

    Use it as a context manager around `fit`, so that the former handlers come back.

    Attributes:
        received: The signal, or None.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        super().__init__()
        self.received: signal.Signals | None = None

    def __enter__(self) -> "StopOnSignal":
        """Install the handlers."""
        self._former = {number: signal.signal(number, self._handle) for number in self.SIGNALS}
        return self

    def __exit__(self, *exception: object) -> None:
        """Put the former handlers back."""
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: types.FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)

    def on_train_batch_end(self, batch, logs=None):
        """Stops if a signal has come."""
        if self.received is not None:
            self.model.stop_training = True
