"""Keeps the start-up messages of native libraries off the terminal."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send what C++ code writes to stderr to nowhere; if the block raises, show it after all.

    TensorFlow writes its first lines (oneDNN, no CUDA driver) before its own log level applies.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        except BaseException:
            hidden.seek(0)
            os.write(terminal, hidden.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def start_keras() -> None:
    """Import Keras and let its backend find its devices, without their messages."""
    with quiet_stderr():
        import keras

        keras.ops.convert_to_numpy(keras.ops.zeros(()))
