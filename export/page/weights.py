"""Weights at half their size, for a file that travels: float16 in the file, float32 in all arithmetic."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LEAST = 64
"""Values of a weight that is worth a cast."""
SMALLEST = 2.0**-10
"""Largest magnitude of a weight below which float16 has lost digits: its numbers are evenly spaced under 2^-14."""


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with its weights stored as float16, and cast to float32 before they are used.

    onnxruntime makes the casts once, when it loads the graph. A weight that float16 cannot hold stays as it is.

    Args:
        model: A graph with float32 weights; not changed.

    Returns:
        The new graph.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    casts = []
    for weight in result.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < LEAST:
            continue
        values = numpy_helper.to_array(weight)
        largest = np.abs(values).max()
        if not SMALLEST <= largest <= np.finfo(np.float16).max:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_float16"))
        casts.append(helper.make_node("Cast", [weight.name], [name], f"{name}_cast", to=TensorProto.FLOAT))
    nodes = [*casts, *result.graph.node]
    del result.graph.node[:]
    result.graph.node.extend(nodes)
    return result
