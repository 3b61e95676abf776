import importlib.util
import sys
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from keras_stylegan.checking import providers as module
from keras_stylegan.checking.failed import Failed


def on_a_gpu_machine(monkeypatch):
    monkeypatch.setattr(module, "machine_gpus", lambda: "NVIDIA H200")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def planted(monkeypatch, available, factor=1.0):
    """An onnxruntime with other providers, which falls back to the CPU as the real one does."""

    class Session(onnxruntime.InferenceSession):
        def __init__(self, model, providers):
            super().__init__(model, providers=["CPUExecutionProvider"])

        def run(self, *arguments):
            return [factor * array for array in super().run(*arguments)]

    fake = SimpleNamespace(
        set_default_logger_severity=lambda level: None, get_available_providers=lambda: available,
        preload_dlls=lambda: None, InferenceSession=Session,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)


def test_this_machine():
    assert module.providers().startswith("CPUExecutionProvider: a convolution as numpy's, to ")


def test_the_build_for_cpus_beside_a_gpu(monkeypatch):
    on_a_gpu_machine(monkeypatch)
    planted(monkeypatch, ["CPUExecutionProvider"])
    with pytest.raises(Failed, match="the build for CPUs on a machine with a GPU") as failed:
        module.providers()
    assert "pip install onnxruntime-gpu" in failed.value.advice


def test_a_provider_that_falls_back_in_silence(monkeypatch):
    on_a_gpu_machine(monkeypatch)
    planted(monkeypatch, ["CUDAExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(Failed, match="it fell back to CPUExecutionProvider") as failed:
        module.providers()
    assert "onnxruntime-gpu[cuda,cudnn]" in failed.value.advice


@pytest.mark.parametrize("factor", [0.9, np.nan])
def test_wrong_results(monkeypatch, factor):
    planted(monkeypatch, ["CPUExecutionProvider"], factor)
    with pytest.raises(Failed, match="differs from numpy's by (0.1|nan)"):
        module.providers()


def test_two_builds_over_each_other(monkeypatch):
    monkeypatch.setattr(module, "installed_version", lambda name: "1.24.0")
    with pytest.raises(Failed, match="onnxruntime and onnxruntime-gpu are installed over each other") as failed:
        module.providers()
    assert failed.value.advice.startswith("pip uninstall onnxruntime onnxruntime-gpu")


def test_an_environment_that_only_trains(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert module.providers().startswith("not installed; only `export`")
