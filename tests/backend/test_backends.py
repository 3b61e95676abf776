"""The same algorithm on TensorFlow, JAX and PyTorch, each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from backend_steps import RATE, STEPS
from PIL import Image

from keras_stylegan.training.checkpoint import load

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

pytestmark = pytest.mark.slow

other_backends = pytest.mark.parametrize(
    "backend",
    [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("jax", "torch")],
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
        assert "syncs 2\n" in done.stdout
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


@other_backends
def test_twenty_steps_of_stylegan_agree(tmp_path, backend):
    start, expected = steps("tensorflow", tmp_path / "tensorflow.npz", network="stylegan")
    _, found = steps(backend, tmp_path / "steps.npz", tmp_path / "tensorflow.start.npz", network="stylegan")
    check_agreement(expected, found)
    assert not np.array_equal(expected[ADAIN], start[ADAIN])


ADAIN = "generator/synthesis/b8_conv0/epilogue/adain/affine/kernel"


def check_agreement(expected, found):
    for name in filter(is_trained, expected):
        tolerance = 1e-5 * np.abs(expected[name]).max()
        if name in SHIFTS:
            tolerance = STEPS * RATE
        assert np.abs(found[name] - expected[name]).max() <= tolerance, name


def is_trained(name):
    group, *_, own = name.split("/")
    constant = own in ("noise_const", "seed_generator_state") or name == SHIFTS[1]
    return group in ("generator", "generator_ema", "discriminator") and not constant


# Biases of the last two layers of the discriminator. They shift the logits of real and generated images alike, which
# leaves the loss of WGAN-GP as it is: their gradient is zero or rounding, and Adam divides it by its own size.
SHIFTS = ("discriminator/b4_fc/bias", "discriminator/b4_out/bias")


def test_xla_agrees(reference, tmp_path):
    _, expected, checkpoint = reference
    check_agreement(expected, steps("tensorflow", tmp_path / "steps.npz", checkpoint, jit_compile=True)[1])


def test_several_steps_per_execution_change_nothing(reference, tmp_path):
    # Twenty steps in groups of three leave two over.
    _, expected, checkpoint = reference
    _, found = steps("tensorflow", tmp_path / "steps.npz", checkpoint, steps_per_execution=3)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


EXPERIMENT = """
from pathlib import Path
from keras_stylegan.config import *
config = Config(
    model=ModelConfig(resolution=8, z_dim=8, w_dim=8, mapping_layers=2, channel_base=32, channel_max=4,
                      conditional=True),
    data=DataConfig(path=Path({data!r}), cache_dir=Path({cache!r})),
    training=TrainingConfig(batch_size=4, total_kimg=0.04, log_kimg=0.008, sample_count=4, evaluate_kimg=None),
)
"""


@pytest.mark.needs("jax", "torch")
def test_a_run_goes_from_backend_to_backend_and_is_exported(tmp_path):
    data = tmp_path / "images"
    # Batches come with a class and, from the names, a covariate.
    for index in range(12):
        pixels = np.random.default_rng(index).integers(0, 256, (8, 8), dtype=np.uint8)
        folder = data / "ab"[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{index}_0.png")
    experiment, run = tmp_path / "experiment.py", tmp_path / "run"
    experiment.write_text(EXPERIMENT.format(data=str(data), cache=str(tmp_path / "cache")))

    def command(backend, *arguments):
        environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        program = [sys.executable, str(ROOT / "run.py"), *map(str, arguments)]
        done = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=1800)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    command("jax", "train", experiment, "--run-dir", run)
    for backend, kimg in (("torch", "0.06"), ("tensorflow", "0.08")):
        resumed = ("--run-dir", run, "--resume", "--training.total-kimg", kimg)
        assert "Continuing at 0.0" in command(backend, "train", experiment, *resumed)
    rows = [row.split(",")[0] for row in (run / "log.csv").read_text().splitlines()[1:]]
    assert rows == ["0.008", "0.016", "0.024", "0.032", "0.04", "0.048", "0.056", "0.064", "0.072", "0.08"]
    # Whatever backend is named, export takes TensorFlow; it compares the file with Keras before it writes it.
    command("torch", "export", run)
    assert (run / "export" / "generator.onnx").stat().st_size > 0
