"""Parts of a batch that a CPU computes side by side."""

import importlib

import keras
from keras import ops

from keras_stylegan.backend.replicas import num_replicas

BRANCHES = importlib.import_module(f"keras_stylegan.backend.{keras.backend.backend()}").BRANCHES
"""Parts that run at the same time; 1 where a batch is computed whole."""


def in_branches(function, *inputs):
    """function(*inputs), with halves of the batch as branches of the graph.

    A convolution of a narrow network is too little work for two cores: one waits for the other at its end. Two
    convolutions of half the batch do not wait.

    Args:
        function: From tensors (N, …) to a structure of tensors (N, …); each sample of the output depends on its own
            sample of the inputs alone.
        inputs: Structures of tensors (N, …).

    Returns:
        What the function returns. A batch that is not known before the graph runs, or cannot be halved, is computed
        whole.
    """
    batch = keras.tree.flatten(inputs)[0].shape[0]
    if BRANCHES == 1 or num_replicas() > 1 or batch is None or batch % BRANCHES:
        return function(*inputs)
    size = batch // BRANCHES
    halves = [keras.tree.map_structure(lambda tensor, k=k: tensor[k : k + size], inputs) for k in range(0, batch, size)]
    return keras.tree.map_structure(lambda *parts: ops.concatenate(parts), *(function(*half) for half in halves))
