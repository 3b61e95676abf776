"""JAX: `keras.distribution.DataParallel` over the devices of one or several processes."""

import contextlib
import os

import jax
import keras
import numpy as np
from jax import numpy as jnp
from jax.experimental import multihost_utils

LAUNCHER = (
    "KERAS_DISTRIBUTION_JOB_ADDRESSES, KERAS_DISTRIBUTION_NUM_PROCESSES and KERAS_DISTRIBUTION_PROCESS_ID, or srun's "
    "SLURM_STEP_NUM_TASKS and those beside it"
)

_in_replica = False


def launched_processes():
    """See `tensorflow.launched_processes`."""
    for name in ("KERAS_DISTRIBUTION_NUM_PROCESSES", "SLURM_STEP_NUM_TASKS"):
        if name in os.environ:
            return int(os.environ[name])
    return None


def local_devices():
    """Number of devices of this process."""
    return jax.local_device_count()


def start(distribution):
    """Join the other processes, if there are any, and lay variables and batches out over all devices."""
    if distribution == "multi-worker":
        # Without KERAS_DISTRIBUTION_... it finds SLURM's variables.
        keras.distribution.initialize()
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))


def scope():
    """Variables know their layout from the distribution that is set."""
    return contextlib.nullcontext()


class _LocalScope(keras.StatelessScope):
    def get_current_value(self, variable):
        value = super().get_current_value(variable)
        if value is None and variable._value is not None:
            # A copy: Keras donates what a function was called with.
            value = jnp.copy(variable._value.addressable_data(0))
        return value


@contextlib.contextmanager
def local_values():
    """Variables read in here are plain arrays on one device, so that a process computes with them by itself."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        yield
        return
    keras.distribution.set_distribution(None)
    try:
        with _LocalScope():
            yield
    finally:
        keras.distribution.set_distribution(distribution)


def num_processes():
    """Number of processes."""
    return 1 if mesh() is None else jax.process_count()


def process_index():
    """Number of this process; 0 is the chief."""
    return 0 if mesh() is None else jax.process_index()


def data_part():
    """(index, count): which rows of a batch this process has to supply."""
    return process_index(), num_processes()


def mesh():
    """The devices, None for a single replica."""
    distribution = keras.distribution.distribution()
    return None if distribution is None else distribution.device_mesh.backend_mesh


def num_replicas():
    """Number of replicas of all processes."""
    return 1 if mesh() is None else mesh().size


def replica_id():
    """Number of the replica that runs this; a tensor."""
    return jax.lax.axis_index("batch") if _in_replica else 0


def all_mean(tensors):
    """Means over the replicas of a list of tensors, in one collective."""
    return jax.lax.pmean(tensors, "batch") if _in_replica else tensors


def anywhere(flag):
    """Whether a flag is true in one of the processes; all have to ask."""
    return bool(flag) if num_processes() == 1 else bool(multihost_utils.process_allgather(np.array(flag)).any())


def on_every_replica(step):
    """Of a function (state, batch): the function that runs it on every replica's rows of the batch."""
    if mesh() is None:
        return step

    def local(state, data):
        global _in_replica
        _in_replica = True
        try:
            return step(state, data)
        finally:
            _in_replica = False

    whole, rows = jax.sharding.PartitionSpec(), jax.sharding.PartitionSpec("batch")
    # Without the check of varying values a gradient stays the replica's own until `all_mean`.
    return jax.shard_map(local, mesh=mesh(), in_specs=(whole, rows), out_specs=whole, check_vma=False)


def is_lost_worker(error):
    """Whether an exception comes from another process being gone."""
    signs = ("connection", "gloo", "nccl", "socket", "unavailable", "deadline_exceeded", "aborted", "heartbeat")
    return isinstance(error, jax.errors.JaxRuntimeError) and any(sign in str(error).lower() for sign in signs)
