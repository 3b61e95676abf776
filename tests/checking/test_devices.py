import os
import stat

import pytest

from keras_stylegan import backend
from keras_stylegan.checking import devices
from keras_stylegan.checking.failed import Failed


def program(tmp_path, monkeypatch, text):
    """An nvidia-smi that says something else."""
    path = tmp_path / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)


def find(monkeypatch, hidden):
    if hidden is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    found = []
    return devices.find_devices(found), found


def test_a_machine_without_a_gpu(monkeypatch):
    monkeypatch.setattr(devices, "machine_gpus", lambda: "")
    said, found = find(monkeypatch, None)
    assert found == ["cpu"] and "trains on the CPU with " in said and said.endswith("; no NVIDIA GPU here")


def test_a_gpu_that_the_backend_does_not_see(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "echo 'NVIDIA H200, 570.1'")
    with pytest.raises(Failed, match=r"trains on the CPU, though the machine has NVIDIA H200, driver 570\.1") as failed:
        find(monkeypatch, None)
    assert "pip install" in failed.value.advice


def test_a_gpu_that_the_user_hides(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "echo 'NVIDIA H200, 570.1'")
    assert "CUDA_VISIBLE_DEVICES hides NVIDIA H200, driver 570.1" in find(monkeypatch, "")[0]


def test_a_gpu_that_is_seen_and_not_used(monkeypatch):
    monkeypatch.setattr(backend, "gpus", lambda: ["Planted"])
    monkeypatch.setattr(devices, "machine_gpus", lambda: "Planted")
    with pytest.raises(Failed, match="sees Planted, and computes on .*cpu") as failed:
        find(monkeypatch, None)
    assert "JAX_PLATFORMS" in failed.value.advice


def test_a_driver_that_does_not_answer(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "echo 'Driver/library version mismatch'; exit 18")
    # Without a device the program is a leftover.
    monkeypatch.setattr(devices.Path, "glob", lambda path, pattern: iter(()))
    assert devices.machine_gpus() == ""
    monkeypatch.setattr(devices.Path, "glob", lambda path, pattern: iter([path / "nvidia0"]))
    with pytest.raises(Failed, match="the NVIDIA driver does not answer: Driver/library version mismatch"):
        devices.machine_gpus()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert devices.machine_gpus() == "an NVIDIA GPU (without nvidia-smi)"
