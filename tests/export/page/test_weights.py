import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from export.page.weights import halved


def linear(weight):
    """y = x · weight as a graph."""
    weight = np.asarray(weight, np.float32)
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, size])
        for name, size in zip("xy", weight.shape, strict=True)
    ]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "weight"], ["y"])], "linear", values[:1], values[1:])
    graph.initializer.append(numpy_helper.from_array(weight, "weight"))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model, x):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.asarray(x, np.float32)})[0]


def types(model):
    return {weight.name: weight.data_type for weight in model.graph.initializer}


def test_weights_are_rounded_to_float16_and_the_arithmetic_is_not():
    weight = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    model = linear(weight)
    half = halved(model)
    onnx.checker.check_model(half, full_check=True)
    assert types(half) == {"weight_float16": TensorProto.FLOAT16} and types(model) == {"weight": TensorProto.FLOAT}
    # Beyond float16's range and digits: only the weight is rounded.
    x = 1e6 + np.arange(64, dtype=np.float32)[None]
    expected = x.astype(np.float64) @ weight.astype(np.float16).astype(np.float64)
    # Rounding of float32 alone: float16 in the arithmetic would give infinity.
    np.testing.assert_allclose(run(half, x), expected, atol=1e-6 * np.sum(np.abs(x)))
    assert len(half.SerializeToString()) < 0.6 * len(model.SerializeToString())


def test_what_float16_cannot_hold_stays_as_it_is():
    for scale in (1e6, 1e-5):
        weight = scale * np.random.default_rng(0).normal(size=(16, 16))
        assert types(halved(linear(weight))) == {"weight": TensorProto.FLOAT}
    assert types(halved(linear(np.zeros((16, 16))))) == {"weight": TensorProto.FLOAT}


def test_small_weights_stay_as_they_are():
    assert types(halved(linear(np.ones((4, 4))))) == {"weight": TensorProto.FLOAT}
