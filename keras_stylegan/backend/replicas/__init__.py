"""Data-parallel training: a step runs on several replicas (devices), each with its rows of the batch.

Every replica has a whole copy of the state and draws latents and noise of its own. `all_mean` of the gradients and of
every statistic that enters the state keeps the copies equal to the last bit. With one replica everything here is the
identity, and a step is the one without it.
"""

import contextlib
import importlib
import os
import sys
import traceback

import keras

from keras_stylegan.errors import InputError
from keras_stylegan.interrupt import exit_code

_replicas = importlib.import_module(f"{__name__}.{keras.backend.backend()}")

LOST_WORKER = 75
"""Exit code (EX_TEMPFAIL of sysexits.h) of a process whose peer is gone: starting again with --resume helps."""

all_mean = _replicas.all_mean
anywhere = _replicas.anywhere
data_part = _replicas.data_part
local_values = _replicas.local_values
num_processes = _replicas.num_processes
num_replicas = _replicas.num_replicas
process_index = _replicas.process_index
replica_id = _replicas.replica_id
scope = _replicas.scope

_started = None


def start(distribution):
    """Set up the replicas; to be called before the backend computes anything. Once they run, calls do nothing.

    Args:
        distribution: "none"; "mirrored": every device of this process; "multi-worker": the devices of all processes
            of a launcher; "auto": the first that applies of multi-worker, mirrored with several devices, none.

    Returns:
        What was chosen: "none", "mirrored" or "multi-worker".

    Raises:
        InputError: The backend cannot do it here.
    """
    global _started
    if _started is not None:
        return _started
    try:
        launched = _replicas.launched_processes()
    except (ValueError, KeyError, AttributeError) as error:
        kind = type(error).__name__
        raise InputError(
            f"cannot read the launcher's variables ({_replicas.LAUNCHER}): {kind}: {_reason(error)}"
        ) from error
    if distribution == "auto":
        several = launched is not None and launched > 1
        distribution = "multi-worker" if several else "mirrored" if _replicas.local_devices() > 1 else "none"
    if distribution == "multi-worker" and launched is None:
        raise InputError(
            f"--training.distribution multi-worker needs a launcher, which sets {_replicas.LAUNCHER}. "
            "Received: none of these variables"
        )
    if distribution == "mirrored" and keras.backend.backend() == "torch":
        raise InputError(
            "--training.distribution mirrored is for TensorFlow and JAX; with PyTorch launch one process per GPU: "
            "torchrun --nproc-per-node GPUS run.py train ... --training.distribution multi-worker"
        )
    if distribution == "mirrored" and _replicas.local_devices() < 2:
        distribution = "none"
    if distribution != "none":
        try:
            _replicas.start(distribution)
        except (ValueError, KeyError, AttributeError, RuntimeError) as error:
            kind = type(error).__name__
            raise InputError(
                f"cannot join the other workers: {kind}: {_reason(error)}; check {_replicas.LAUNCHER}"
            ) from error
        _started = distribution
    return distribution


def _reason(error):
    """The first line of an exception, or its name if it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def is_chief():
    """Whether this process is the one that prints and writes."""
    return process_index() == 0


def barrier():
    """Wait until every process is here."""
    anywhere(False)


@contextlib.contextmanager
def leaving_at_once():
    """End this process when the block fails, if there are others.

    An ordinary exit would wait for processes that are gone, and those still there for this one's next collective.
    Exit codes: `LOST_WORKER`, 2 for bad input, 128 + n for signal n, 1 for anything else.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if num_processes() == 1:
            raise
        if isinstance(error, InputError):
            line, code = f"Error: {error}", 2
        elif isinstance(error, KeyboardInterrupt):
            line, code = "Interrupted.", exit_code(error)
        elif _replicas.is_lost_worker(error):
            line = f"A worker is gone: {_reason(error)}; continue from the last checkpoint with --resume"
            code = LOST_WORKER
        else:
            line, code = traceback.format_exc(), 1
        print(f"Worker {process_index()}: {line}", file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
