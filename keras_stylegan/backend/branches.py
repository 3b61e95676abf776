"""Parts of a batch that a CPU computes side by side."""

import importlib

import keras
from keras import ops

from keras_stylegan.backend.replicas import num_replicas

BRANCHES = importlib.import_module(f"keras_stylegan.backend.{keras.backend.backend()}").BRANCHES
"""Parts that run at the same time; 1 where a batch is computed whole."""


def goes_in_branches(batch, group=1):
    """Whether a batch is computed in parts.

    Args:
        batch: N, or None if it is not known before the graph runs.
        group: Samples of a group of the minibatch standard deviation, which no part may tear.
    """
    return BRANCHES > 1 and num_replicas() == 1 and batch is not None and batch % (BRANCHES * group) == 0


def in_branches(function, *inputs, group=1):
    """function(*inputs), with strided parts of the batch (samples k, k + 2, …) as branches of the graph.

    A convolution of a narrow network is too little work for two cores: one waits for the other at its end. Two
    convolutions of half the batch do not wait. Groups of the minibatch standard deviation are strided as well, so each
    is in one part whole.

    Args:
        function: From tensors (N, …) to a structure of tensors (N, …); each sample of the output may depend on its own
            sample of the inputs, and on its group.
        inputs: Structures of tensors (N, …), or None.
        group: See `goes_in_branches`.

    Returns:
        What the function returns.
    """
    tensors = [tensor for tensor in keras.tree.flatten(inputs) if tensor is not None]
    if not goes_in_branches(tensors[0].shape[0], group):
        return function(*inputs)
    parts = [function(*keras.tree.map_structure(lambda tensor, k=k: _part(tensor, k), inputs)) for k in range(BRANCHES)]
    return keras.tree.map_structure(_interleaved, *parts)


def _part(tensor, k):
    return None if tensor is None else tensor[k::BRANCHES]


def _interleaved(*parts):
    return ops.reshape(ops.stack(parts, axis=1), (-1, *parts[0].shape[1:]))
