"""TensorFlow: `MirroredStrategy` over the GPUs of a process, `MultiWorkerMirroredStrategy` over processes."""

import contextlib
import json
import os

import tensorflow as tf

LAUNCHER = "TF_CONFIG, or srun's SLURM_PROCID, SLURM_STEP_NUM_TASKS, SLURM_STEP_NODELIST, SLURM_STEP_TASKS_PER_NODE"

_strategy = None


def launched_processes():
    """Number of processes that a launcher started, None without one."""
    if "TF_CONFIG" in os.environ:
        cluster = json.loads(os.environ["TF_CONFIG"]).get("cluster", {})
        return sum(len(cluster.get(kind, ())) for kind in ("chief", "worker"))
    return int(os.environ["SLURM_STEP_NUM_TASKS"]) if "SLURM_STEP_NUM_TASKS" in os.environ else None


def local_devices():
    """Number of devices of this process: GPUs, without one CPUs (1 unless TensorFlow was told otherwise)."""
    return len(_devices())


def _devices():
    return tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")


def start(distribution):
    """Make the strategy."""
    global _strategy
    if distribution == "mirrored":
        _strategy = tf.distribute.MirroredStrategy([device.name for device in _devices()])
        return
    if "TF_CONFIG" not in os.environ:
        # Only its addresses are used: its counting of GPUs fails without one, and where each task sees its own only.
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=20000 + int(os.environ["SLURM_JOB_ID"]) % 10000,
            gpus_per_node=int(os.environ["SLURM_STEP_NUM_TASKS"]),
            gpus_per_task=1,
            auto_set_gpu=False,
        )
        cluster = resolver.cluster_spec().as_dict()
        kind, index = resolver.get_task_info()
        os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})
    _strategy = tf.distribute.MultiWorkerMirroredStrategy()


@contextlib.contextmanager
def scope():
    """Variables made in here have a copy per replica, which this replica alone assigns."""

    def own_copy(create, **options):
        options |= {
            "trainable": False,
            "synchronization": tf.VariableSynchronization.ON_READ,
            "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
        }
        return create(**options)

    if _strategy is None:
        yield
        return
    with _strategy.scope(), tf.variable_creator_scope(own_copy):
        yield


def local_values():
    """Variables read in here have the value of this process; so they have everywhere."""
    return contextlib.nullcontext()


def several_processes():
    """Whether the strategy is over processes."""
    return isinstance(_strategy, tf.distribute.MultiWorkerMirroredStrategy)


def _task():
    """(type, number) of this process and the cluster, from TF_CONFIG."""
    config = json.loads(os.environ["TF_CONFIG"])
    return config["task"]["type"], int(config["task"]["index"]), config["cluster"]


def num_processes():
    """Number of processes."""
    return launched_processes() if several_processes() else 1


def process_index():
    """Number of this process; 0 is the chief."""
    if not several_processes():
        return 0
    kind, index, cluster = _task()
    return index + (len(cluster.get("chief", ())) if kind == "worker" else 0)


def data_part():
    """(index, count): which rows of a batch this process has to supply. Keras takes each process's rows by itself."""
    return 0, 1


def num_replicas():
    """Number of replicas of all processes."""
    return 1 if _strategy is None else _strategy.num_replicas_in_sync


def replica_id():
    """Number of the replica that runs this; a tensor."""
    return 0 if _strategy is None else tf.distribute.get_replica_context().replica_id_in_sync_group


def all_mean(tensors):
    """Means over the replicas of a list of tensors of one type, in one collective."""
    if num_replicas() == 1:
        return tensors
    extended, context = _strategy.extended, tf.distribute.get_replica_context()
    # Not context.all_reduce, which merges the replicas' threads: that is impossible within tf.cond.
    collective = getattr(extended, "_collective_ops", None) or extended._get_cross_device_ops(tensors[0])
    flat = tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], 0)
    options = tf.distribute.experimental.CommunicationOptions()
    (flat,) = collective._all_reduce(tf.distribute.ReduceOp.MEAN, [flat], context._replica_id, options)
    parts = tf.split(flat, [tensor.shape.num_elements() for tensor in tensors])
    return [tf.reshape(part, tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


def anywhere(flag):
    """Whether a flag is true in one of the processes; all have to ask."""
    if not several_processes():
        return bool(flag)
    return float(_strategy.reduce("SUM", tf.constant(float(flag)), axis=None)) > 0


def is_lost_worker(error):
    """Whether an exception comes from another process being gone."""
    kinds = (
        tf.errors.UnavailableError,
        tf.errors.AbortedError,
        tf.errors.CancelledError,
        tf.errors.DeadlineExceededError,
    )
    return isinstance(error, kinds)
