"""Parts of a batch that a CPU computes side by side."""

import importlib

import keras
from keras import ops

from keras_stylegan.backend.replicas import num_replicas

BRANCHES = importlib.import_module(f"keras_stylegan.backend.{keras.backend.backend()}").BRANCHES
"""Parts that run at the same time; 1 where a batch is computed whole."""


def in_branches(function, *inputs, group=1):
    """function(*inputs), with halves of the batch as branches of the graph.

    A convolution of a narrow network is too little work for two cores: one waits for the other at its end. Two
    convolutions of half the batch do not wait.

    Args:
        function: From tensors (N, …) to a structure of tensors (N, …); each sample of the output depends on its own
            group of samples of the inputs alone.
        inputs: Structures of tensors (N, …).
        group: G, if the function finds groups as the minibatch standard deviation does: n, n + N/G, n + 2N/G, …
            They are the same in a half.

    Returns:
        What the function returns. A batch that is not known before the graph runs, or cannot be halved, is computed
        whole.
    """
    batch = keras.tree.flatten(inputs)[0].shape[0]
    if BRANCHES == 1 or num_replicas() > 1 or batch is None or batch % (BRANCHES * group):
        return function(*inputs)

    def part(tensor, k):
        # Of every group's samples a row: a half has some of the columns, and strides of its own length.
        rows = ops.reshape(tensor, (group, BRANCHES, -1, *tensor.shape[1:]))
        return ops.reshape(rows[:, k], (-1, *tensor.shape[1:]))

    def joined(*parts):
        rows = [ops.reshape(tensor, (group, -1, *tensor.shape[1:])) for tensor in parts]
        return ops.reshape(ops.concatenate(rows, axis=1), (-1, *parts[0].shape[1:]))

    halves = [keras.tree.map_structure(lambda tensor, k=k: part(tensor, k), inputs) for k in range(BRANCHES)]
    return keras.tree.map_structure(joined, *(function(*half) for half in halves))
