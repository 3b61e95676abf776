"""Keeps the start-up messages of native libraries off the terminal."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from keras_stylegan.errors import InputError

BACKENDS = ("tensorflow", "jax", "torch")
ADVICE = "set KERAS_BACKEND to tensorflow, jax or torch, and install requirements.txt, -jax.txt or -torch.txt"


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
        except InputError:
            raise
        except BaseException:
            hidden.seek(0)
            os.write(terminal, hidden.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def start_keras(backend: str | None = None, distribution: str = "none") -> None:
    """Import Keras and let its backend find its devices, without their messages.

    Args:
        backend: The backend to take; by default what KERAS_BACKEND or Keras's own configuration says.
        distribution: See `backend.replicas.start`, which has to come before the backend computes anything.

    Raises:
        InputError: The backend is not installed, none of ours, or has no such distribution here.
    """
    if backend is not None:
        os.environ["KERAS_BACKEND"] = backend
    # Before Keras is imported: its numpy backend fails over a JAX that is not there, which would be the wrong advice.
    _check(os.environ.get("KERAS_BACKEND") or BACKENDS[0], BACKENDS)
    try:
        with quiet_stderr():
            import keras

            if distribution != "none" and keras.backend.backend() in BACKENDS:
                from keras_stylegan.backend import replicas

                replicas.start(distribution)
            keras.ops.convert_to_numpy(keras.ops.zeros(()))
    except InputError:
        raise
    except (ImportError, ValueError) as error:
        raise InputError(f"Keras cannot start its backend: {error}; {ADVICE}") from error
    # KERAS_BACKEND is not the only way to choose: Keras has a configuration file, or was imported before.
    _check(keras.backend.backend(), BACKENDS if backend is None else (backend,))


def _check(backend: str, legal: tuple[str, ...]) -> None:
    if backend not in legal:
        raise InputError(f"the backend of Keras must be one of {', '.join(legal)}: {ADVICE}. Received: {backend!r}")
