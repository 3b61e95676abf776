"""The checks themselves, all of them on this machine's CPU and with planted failures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_stylegan.checking import child
from keras_stylegan.checking.command import PARTS
from keras_stylegan.checking.failed import Failed

ROOT = Path(__file__).parents[2]


def told(monkeypatch, *checks):
    """What the child writes of some checks."""
    monkeypatch.setitem(child.PARTS, "planted", lambda: iter(checks))
    reading, writing = os.pipe()
    assert child.main(writing, "planted") == 0
    with open(reading) as pipe:
        return [json.loads(line) for line in pipe]


def failing(error):
    def run():
        raise error

    return run


def test_every_part_is_started():
    assert set(child.PARTS) == set(PARTS)


def test_what_is_written(monkeypatch):
    lines = told(
        monkeypatch,
        child.Check("a", lambda: "fine", "x"),
        child.Check("b", failing(Failed("wrong", "mend")), "x"),
        child.Check("c", failing(RuntimeError("CUDNN\n  failed")), "x"),
    )
    assert lines[::2] == [{"name": "a"}, {"name": "b"}, {"name": "c"}]
    assert lines[1::2] == [
        {"name": "a", "ok": True, "said": "fine", "advice": ""},
        {"name": "b", "ok": False, "said": "wrong", "advice": "mend"},
        {"name": "c", "ok": False, "said": "RuntimeError: CUDNN failed", "advice": "x"},
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend",
    ["tensorflow", *(pytest.param(name, marks=pytest.mark.needs(name)) for name in ("jax", "torch"))],
)
def test_the_command_on_this_machine(backend):
    environment = os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "run.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    names = [line.split(":")[0] for line in lines]
    assert names == [
        "ok   versions", "ok   devices", "ok   convolution on cpu", "ok   training step on cpu", "ok   onnxruntime",
        "All 5 checks are passed.",
    ]  # fmt: skip
    assert f"{backend} trains on the CPU" in lines[1]


def test_a_backend_that_is_not_installed(tmp_path):
    (tmp_path / "jax.py").write_text("raise ModuleNotFoundError('no JAX here')\n")
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "run.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
    assert "FAIL devices: Keras cannot start its backend: no JAX here" in done.stdout
    assert "-> set KERAS_BACKEND to tensorflow, jax or torch" in done.stdout


def test_a_backend_that_there_is_not():
    environment = os.environ | {"KERAS_BACKEND": "mxnet"}
    done = subprocess.run(
        [sys.executable, "run.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "FAIL versions: Keras has no backend 'mxnet'" in done.stdout and "FAIL devices" in done.stdout
