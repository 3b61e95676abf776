"""Exported graphs, changed for tests of the page."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from export.to_onnx import save


def edited(folder, part="*", **values):
    """Change or add metadata of graphs of a folder."""
    for path in folder.glob(f"{part}.onnx"):
        model = onnx.load(path)
        others = [entry for entry in model.metadata_props if entry.key not in values]
        del model.metadata_props[:]
        model.metadata_props.extend(others)
        for key, value in values.items():
            model.metadata_props.add(key=key, value=value)
        save(model, path)


def with_covariates(folder, matrix, covariates):
    """Give a mapping network an input `covariates` (N, K): w becomes w + covariates · matrix (K, w_dim)."""
    path = folder / "mapping.onnx"
    model = onnx.load(path)
    graph = model.graph
    for node in graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == "w":
                    names[i] = "w_of_z"
    matrix = np.asarray(matrix, np.float32)
    graph.input.append(helper.make_tensor_value_info("covariates", TensorProto.FLOAT, ["N", len(matrix)]))
    graph.initializer.append(numpy_helper.from_array(matrix, "matrix"))
    graph.initializer.append(numpy_helper.from_array(np.array([1]), "axis"))
    graph.node.append(helper.make_node("MatMul", ["covariates", "matrix"], ["change"]))
    graph.node.append(helper.make_node("Unsqueeze", ["change", "axis"], ["changes"]))
    graph.node.append(helper.make_node("Add", ["w_of_z", "changes"], ["w"]))
    save(model, path)
    edited(folder, covariates=json.dumps(covariates))
