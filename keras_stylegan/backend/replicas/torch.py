"""PyTorch: one process per device, started by torchrun.

Not `DistributedDataParallel`: it works with `.backward()` only and not with `torch.autograd.grad`, which gradients of
gradients need. The gradients are summed by `all_mean` instead, in one collective as well.
"""

import atexit
import contextlib
import datetime
import os

import torch
from torch import distributed

LAUNCHER = "RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT (torchrun does)"


def launched_processes():
    """See `tensorflow.launched_processes`."""
    return int(os.environ["WORLD_SIZE"]) if "WORLD_SIZE" in os.environ else None


def local_devices():
    """A process uses one device."""
    return 1


def start(distribution):
    """Join the other processes, over NCCL with GPUs and Gloo without."""
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # The chief evaluates and writes while the others wait in their next collective.
    distributed.init_process_group(timeout=datetime.timedelta(hours=2))
    atexit.register(distributed.destroy_process_group)


def scope():
    """Variables are this process's own."""
    return contextlib.nullcontext()


def local_values():
    """Variables are this process's own."""
    return contextlib.nullcontext()


def num_processes():
    """Number of processes."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def process_index():
    """Number of this process; 0 is the chief."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def data_part():
    """(index, count): which rows of a batch this process has to supply."""
    return process_index(), num_processes()


num_replicas = num_processes
replica_id = process_index


def all_mean(tensors):
    """Means over the replicas of a list of tensors of one type, in one collective."""
    if num_replicas() == 1:
        return tensors
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    distributed.all_reduce(flat)
    parts = torch.split(flat / num_replicas(), [tensor.numel() for tensor in tensors])
    return [part.reshape(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


def anywhere(flag):
    """Whether a flag is true in one of the processes; all have to ask."""
    if num_processes() == 1:
        return bool(flag)
    count = torch.tensor(float(flag), device="cuda" if torch.cuda.is_available() else "cpu")
    distributed.all_reduce(count)
    return count.item() > 0


def is_lost_worker(error):
    """Whether an exception comes from another process being gone."""
    signs = ("gloo", "connection", "nccl", "socket")
    known = isinstance(error, distributed.DistError)
    return known or (isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in signs))
