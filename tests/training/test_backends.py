"""The same algorithm on TensorFlow, JAX and PyTorch, each in a process of its own."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from backend_steps import RATE, STEPS

from keras_stylegan.training.checkpoint import load

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

pytestmark = pytest.mark.slow

other_backends = pytest.mark.parametrize(
    "backend",
    [
        pytest.param(
            name, marks=pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name} is not installed")
        )
        for name in ("jax", "torch")
    ],
)


def steps(backend, output, *checkpoint, **options):
    environment = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["JAX_LOG_COMPILES"] = "1"
    program = [sys.executable, str(HERE / "backend_steps.py"), json.dumps(options)]
    command = [*program, str(output), *map(str, checkpoint)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    if backend == "jax":
        # One graph with all lazy penalties in it, compiled once.
        assert done.stderr.count("Finished XLA compilation of jit(train_step)") == 1
    return load(output.with_suffix(".start.npz"))[0], load(output)[0]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The state of TensorFlow before and after, and the file of the state before."""
    output = tmp_path_factory.mktemp("tensorflow") / "steps.npz"
    return *steps("tensorflow", output), output.with_suffix(".start.npz")


@other_backends
def test_twenty_steps_agree(reference, tmp_path, backend):
    start, expected, checkpoint = reference
    loaded, found = steps(backend, tmp_path / "steps.npz", checkpoint)
    # A checkpoint of TensorFlow is taken over to the last bit, optimizer slots and counters included.
    assert loaded.keys() == start.keys()
    assert all(np.array_equal(loaded[name], start[name]) for name in start)

    check_agreement(expected, found)
    # Not only the weights but w_avg and the average of the generator are another after twenty steps.
    assert all(not np.array_equal(expected[name], start[name]) for name in expected if is_trained(name))


def check_agreement(expected, found):
    for name in filter(is_trained, expected):
        tolerance = 1e-5 * np.abs(expected[name]).max()
        if name in SHIFTS:
            tolerance = STEPS * RATE
        assert np.abs(found[name] - expected[name]).max() <= tolerance, name


def is_trained(name):
    group, _, own = name.split("/")
    constant = own in ("noise_const", "seed_generator_state") or name == SHIFTS[1]
    return group in ("generator", "generator_ema", "discriminator", "counters") and not constant


# Biases of the last two layers of the discriminator. They shift the logits of real and generated images alike, which
# leaves the loss of WGAN-GP as it is: their gradient is zero or rounding, and Adam divides it by its own size.
SHIFTS = ("discriminator/010/bias", "discriminator/012/bias")


def test_xla_agrees(reference, tmp_path):
    _, expected, checkpoint = reference
    check_agreement(expected, steps("tensorflow", tmp_path / "steps.npz", checkpoint, jit_compile=True)[1])


def test_several_steps_per_execution_change_nothing(reference, tmp_path):
    # Twenty steps in groups of three leave two over.
    _, expected, checkpoint = reference
    _, found = steps("tensorflow", tmp_path / "steps.npz", checkpoint, steps_per_execution=3)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
