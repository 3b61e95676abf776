"""The devices that Keras computes on, held against those of the machine."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np

from keras_stylegan.checking.failed import Failed, one_line
from keras_stylegan.errors import InputError
from keras_stylegan.quiet import ADVICE, start_keras

GPU_BUILDS = {
    "tensorflow": 'pip install "tensorflow[and-cuda]" (in a checkout: pip install ".[gpu]")',
    "jax": 'pip install "jax[cuda13]" (or cuda12, as the driver allows)',
    "torch": "install the build of PyTorch for your CUDA version (https://pytorch.org/get-started)",
}
"""How each backend gets to a GPU."""


def find_devices(devices: list[str]) -> str:
    """Starts Keras, adds to `devices` what it can compute on, and holds that against what the machine has."""
    try:
        start_keras()
    except InputError as error:
        said = str(error).replace(f"; {ADVICE}", "").replace(f": {ADVICE}", "")
        raise Failed(said, ADVICE) from error
    import keras

    from keras_stylegan.backend import gpus

    backend = keras.backend.backend()
    found = gpus()
    devices += ["cpu", *(f"gpu:{index}" for index in range(len(found)))]
    there = machine_gpus()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cpu = f"CPU with {cores} cores"
    if found:
        place = str((keras.ops.convert_to_tensor(np.ones(1, "float32")) + 1).device).lower()
        if "cpu" in place:
            raise Failed(
                f"{backend} sees {', '.join(found)}, and computes on {place}",
                "unset what chooses the CPU: JAX_PLATFORMS, KERAS_TORCH_DEVICE",
            )
        return f"{backend} trains on {', '.join(found)}; {cpu}"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if there and hidden in ("", "-1"):
        return f"{backend} trains on the {cpu}: CUDA_VISIBLE_DEVICES hides {there}"
    if there:
        raise Failed(f"{backend} trains on the CPU, though the machine has {there}", GPU_BUILDS[backend])
    return f"{backend} trains on the {cpu}; no NVIDIA GPU here"


def machine_gpus() -> str:
    """The NVIDIA GPUs that the driver knows of, in words; empty where there are none.

    Raises:
        Failed: There is one, and its driver does not answer.
    """
    device = any(Path("/dev").glob("nvidia[0-9]*"))
    program = shutil.which("nvidia-smi")
    if program is None:
        return "an NVIDIA GPU (without nvidia-smi)" if device else ""
    command = [program, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"nvidia-smi does not answer: {type(error).__name__}", "install the NVIDIA driver anew") from error
    if done.returncode == 0:
        return "; ".join(line.replace(", ", ", driver ") for line in done.stdout.strip().splitlines())
    if device:
        said = one_line(done.stdout + done.stderr)
        raise Failed(f"the NVIDIA driver does not answer: {said}", "install the NVIDIA driver anew, or start again")
    return ""
