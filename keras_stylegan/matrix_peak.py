"""The fastest float32 matrix product that this machine can be brought to: what a share of peak is a share of.

No library is the fastest everywhere, nor at every shape: a framework's own product may be a quarter behind the best.
"""

import importlib.util
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

SHAPES = (
    (1024, 1024, 1024),
    (2048, 2048, 2048),
    (3072, 3072, 3072),
    (1024, 4096, 1024),
    (4096, 512, 4096),
    (8192, 1024, 1024),
)
"""m, k, n of products (m, k) · (k, n); the last three are long in one direction, as a convolution's are."""
FINALISTS = 3
PAUSE_SECONDS = 0.05
"""Threads of a library spin for a while when their work is done, and would take the cores from the next one."""


@dataclass(frozen=True)
class Product:
    """A matrix product of one library."""

    library: str
    """'numpy', 'scipy', 'onnxruntime' or the backend of Keras."""
    shape: tuple[int, int, int]
    """m, k, n."""
    run: Callable[[], np.ndarray]
    """Computes it; the result is on the host."""

    @property
    def flops(self) -> float:
        """Operations: 2·m·k·n."""
        m, k, n = self.shape
        return 2.0 * m * k * n

    def __str__(self) -> str:
        """'numpy 1024x1024x1024'."""
        return f"{self.library} {'x'.join(map(str, self.shape))}"


def products(shapes: Sequence[tuple[int, int, int]] = SHAPES, seed: int = 0) -> list[Product]:
    """All candidates: every library that is installed, at every shape.

    Args:
        shapes: m, k, n.
        seed: Of the normally distributed factors.
    """
    random = np.random.default_rng(seed)
    found = []
    for shape in shapes:
        m, k, n = shape
        a = random.standard_normal((m, k), dtype=np.float32)
        b = random.standard_normal((k, n), dtype=np.float32)
        makers = {keras.backend.backend(): _of_keras, "numpy": _of_numpy, "scipy": _of_scipy}
        if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnx"):
            makers["onnxruntime"] = _of_onnxruntime
        found += [Product(library, shape, make(a, b)) for library, make in makers.items()]
    return found


def finalists(candidates: Sequence[Product]) -> list[Product]:
    """The fastest few of the candidates, and the fastest of Keras's backend, to be measured in turns."""
    rates = {product: product.flops / best_time(product.run, 2) for product in candidates}
    order = sorted(rates, key=rates.get, reverse=True)
    own = [product for product in order if product.library == keras.backend.backend()]
    return list(dict.fromkeys([*order[:FINALISTS], *own[:1]]))


def peak(rates: Mapping[Product, Sequence[float]]) -> Product:
    """The product with the best median: the best moment would be luck.

    Args:
        rates: Operations per second in every turn.
    """
    return max(rates, key=lambda product: statistics.median(rates[product]))


def best_time(call: Callable[[], Any], repeat: int) -> float:
    """Seconds of the fastest of a few calls, after a pause: a short disturbance hits a short task hardest."""
    times = []
    time.sleep(PAUSE_SECONDS)
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def _of_keras(a, b):
    a, b = ops.convert_to_tensor(a), ops.convert_to_tensor(b)
    return lambda: ops.convert_to_numpy(ops.matmul(a, b))


def _of_numpy(a, b):
    return lambda: a @ b


def _of_scipy(a, b):
    from scipy.linalg.blas import sgemm

    # BLAS stores columns; other arrays would be copied first.
    a, b = np.asfortranarray(a), np.asfortranarray(b)
    return lambda: sgemm(1.0, a, b)


def _of_onnxruntime(a, b):
    import onnx
    import onnxruntime

    names = {"a": a.shape, "b": b.shape, "c": (a.shape[0], b.shape[1])}
    infos = {
        name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in names.items()
    }
    node = onnx.helper.make_node("MatMul", ["a", "b"], ["c"])
    graph = onnx.helper.make_graph([node], "product", [infos["a"], infos["b"]], [infos["c"]])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"a": a, "b": b})[0]
