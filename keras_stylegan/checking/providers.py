"""The execution providers that onnxruntime computes with."""

import contextlib
import importlib.util
import io
import os

import numpy as np

from keras_stylegan.checking.convolution import convolution_by_hand, require_equal
from keras_stylegan.checking.devices import machine_gpus
from keras_stylegan.checking.failed import Failed
from keras_stylegan.checking.versions import installed_version

CUDA = "CUDAExecutionProvider"


def providers() -> str:
    """The providers that it really computes with, against numpy."""
    if importlib.util.find_spec("onnxruntime") is None:
        return "not installed; only `export` and what it writes need it"
    both = [name for name in ("onnxruntime", "onnxruntime-gpu") if installed_version(name)]
    if len(both) > 1:
        raise Failed(
            f"{' and '.join(both)} are installed over each other",
            f"pip uninstall {' '.join(both)}, then install one of them",
        )
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    available = onnxruntime.get_available_providers()
    wanted = ["CPUExecutionProvider"]
    if machine_gpus() and os.environ.get("CUDA_VISIBLE_DEVICES") not in ("", "-1"):
        if CUDA not in available:
            raise Failed(
                f"the build for CPUs on a machine with a GPU; it has {', '.join(available)}",
                "pip uninstall onnxruntime, then pip install onnxruntime-gpu",
            )
        wanted.insert(0, CUDA)
        with contextlib.redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()  # Finds CUDA libraries that pip installed.
    if importlib.util.find_spec("onnx") is None:
        return f"{', '.join(available)}; not tried, as onnx is not installed"
    images, kernel, expected = convolution_by_hand()
    model = _onnx_convolution(kernel)
    done = []
    for provider in wanted:
        session = onnxruntime.InferenceSession(model, providers=[provider])
        if session.get_providers()[0] != provider:
            raise Failed(
                f"{provider} does not work on this machine: it fell back to {session.get_providers()[0]}",
                'pip install "onnxruntime-gpu[cuda,cudnn]", and a driver for that CUDA version',
            )
        (found,) = session.run(None, {"images": images.astype("float32").transpose(0, 3, 1, 2)})
        advice = "its results are wrong: install another version of onnxruntime"
        difference = require_equal(found.transpose(0, 2, 3, 1), expected, advice)
        done.append(f"{provider}: a convolution as numpy's, to {difference:.0e}")
    return "; ".join(done)


def _onnx_convolution(kernel: np.ndarray) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(kernel.astype("float32").transpose(3, 2, 0, 1).copy(), "kernel")
    node = helper.make_node("Conv", ["images", "kernel"], ["found"], pads=[1, 1, 1, 1])
    infos = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", None, None, None]) for name in ("images", "found")
    ]
    graph = helper.make_graph([node], "check", infos[:1], infos[1:], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()
