"""A run killed at any moment and resumed equals the uninterrupted run bit for bit."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest
from signals import as_from_a_terminal

from keras_stylegan.training.checkpoint import CheckpointFolder, load

ROOT = Path(__file__).resolve().parents[2]

# Two classes and a covariate, lazy penalties, style mixing and an uneven epoch (100 images in batches of 8: 12 steps),
# so that every piece of state matters.
EXPERIMENT = """
from pathlib import Path
from keras_stylegan.config import *
config = Config(
    model=ModelConfig(resolution=8, z_dim=8, w_dim=8, mapping_layers=2, channel_base=64, channel_max=8,
                      conditional=True, covariates=("slice",)),
    loss=LossConfig(adversarial="logistic", gp_weight=0.0, r1_gamma=1.0, r1_interval=4, pl_weight=2.0),
    data=DataConfig(path=Path({data!r}), cache_dir=Path({cache!r})),
    augment=AugmentConfig(clip_leak=0.1, real_elastic=0.02, real_bias_field=0.1),
    schedule=ScheduleConfig(
        r1_gamma=((0, 2.0), (0.3, 0.2), (1000, 0.1)), learning_rate_factor=((0, 1.0), (1000, 0.001)),
        beta_2=((0, 0.9), (0.3, 0.99), (1000, 0.99)), ema_kimg=((0, 0.01), (0.3, 0.1), (1000, 0.1))),
    training=TrainingConfig(batch_size=8, epochs=4, ema_kimg=0.1, log_kimg=0.05, sample_kimg=10.0,
                            checkpoint_kimg=0.09, style_mixing_prob=0.9, sample_count=4),
)
"""

# Runs the command line in a process that kills itself.
KILL_AT_STEP = """
import os, signal, sys
from keras_stylegan.cli import main
from keras_stylegan.training.callbacks import StopAt
original = StopAt.on_train_batch_end
def on_train_batch_end(self, batch, logs=None):
    if self.model.images_seen == {images}:
        os.kill(os.getpid(), signal.{signal})
    original(self, batch, logs)
StopAt.on_train_batch_end = on_train_batch_end
raise SystemExit(main(sys.argv[1:]))
"""
KILL_WHILE_SAVING = """
import os, signal, sys
import numpy as np
from keras_stylegan.cli import main
original, written = np.lib.format.write_array, []
def write_array(file, array, **options):
    written.append(array)
    if len(written) == {arrays}:
        file.write(b"half of an ar")
        os.kill(os.getpid(), signal.SIGKILL)
    original(file, array, **options)
np.lib.format.write_array = write_array
raise SystemExit(main(sys.argv[1:]))
"""


def run(program, *arguments, **variables):
    """A Python program as a process of its own, from the root of the project: (exit code, everything it printed)."""
    # With the threads, and so the branches of a batch, that a user has.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_NUM_")}
    environment |= {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"} | variables
    command = [sys.executable, *(["-c", program] if program else ["run.py"]), *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, preexec_fn=as_from_a_terminal()
    )
    return done.returncode, done.stdout + done.stderr


def state(run_dir):
    """The arrays of the last checkpoint and the text of the log."""
    path = CheckpointFolder(run_dir / "checkpoints").paths()[-1]
    return path.name, load(path)[0], (run_dir / "log.csv").read_bytes()


@pytest.fixture(scope="module")
def experiment_file(tmp_path_factory):
    """An experiment file, and beside it a folder of images."""
    folder = tmp_path_factory.mktemp("resume")
    random = np.random.default_rng(0)
    for name in ("AD", "NC"):
        (folder / "images" / name).mkdir(parents=True)
        for index in range(50):
            write_png(folder / "images" / name / f"{name}{index // 5}_{index % 5}.png", random.integers(0, 255, (8, 8)))
    path = folder / "experiment.py"
    path.write_text(EXPERIMENT.format(data=str(folder / "images"), cache=str(folder / "cache")))
    return path


@pytest.fixture(scope="module")
def experiment(experiment_file):
    """An experiment file, and the state of a finished uninterrupted run of it."""
    whole = experiment_file.parent / "whole"
    code, output = run(None, "train", experiment_file, "--run-dir", whole)
    assert code == 0, output
    return experiment_file, state(whole)


def write_png(path, pixels):
    from PIL import Image

    Image.fromarray(pixels.astype(np.uint8)).save(path)


def check_equal(found, expected):
    assert found[0] == expected[0]
    assert found[1].keys() == expected[1].keys()
    different = [name for name in expected[1] if not np.array_equal(found[1][name], expected[1][name])]
    assert not different
    assert found[2] == expected[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "code"),
    [
        # In the second epoch, two steps after a checkpoint.
        (KILL_AT_STEP.format(images=112, signal="SIGKILL"), -signal.SIGKILL),
        # Before the first checkpoint.
        (KILL_AT_STEP.format(images=40, signal="SIGKILL"), -signal.SIGKILL),
        # While the third checkpoint is being written: there are 230 or so arrays in each.
        (KILL_WHILE_SAVING.format(arrays=600), -signal.SIGKILL),
        # Ctrl-C and SIGTERM save where they are.
        (KILL_AT_STEP.format(images=200, signal="SIGINT"), 128 + signal.SIGINT),
        (KILL_AT_STEP.format(images=136, signal="SIGTERM"), 128 + signal.SIGTERM),
    ],
    ids=["mid-epoch", "before the first checkpoint", "while saving", "Ctrl-C", "SIGTERM"],
)
def test_killed_and_resumed_equals_uninterrupted(experiment, tmp_path, program, code):
    path, expected = experiment
    found, output = run(program, "train", path, "--run-dir", tmp_path / "run")
    assert found == code, output
    if code > 0:
        assert "--resume" in output
    found, output = run(None, "train", path, "--run-dir", tmp_path / "run", "--resume")
    assert found == 0, output
    check_equal(state(tmp_path / "run"), expected)
    assert not list((tmp_path / "run" / "checkpoints").glob("*.tmp"))


@pytest.mark.slow
def test_a_closed_terminal_saves_the_run(experiment_file, tmp_path):
    ours, theirs = pty.openpty()

    def prepare():
        as_from_a_terminal()()
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    command = [sys.executable, "run.py", "train", experiment_file, "--training.epochs", "10000", "--run-dir", tmp_path]
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    process = subprocess.Popen([*map(str, command)], cwd=ROOT, preexec_fn=prepare, **streams)
    os.close(theirs)
    checkpoints = CheckpointFolder(tmp_path / "checkpoints")
    printed = b""
    while not checkpoints.paths():
        assert process.poll() is None, printed
        if select.select([ours], [], [], 0.1)[0]:
            printed += os.read(ours, 65536)
    seen = checkpoints.paths()[-1]
    os.close(ours)
    assert process.wait(120) == 128 + signal.SIGHUP
    assert "Stopped by SIGHUP at" in (tmp_path / "train.log").read_text().splitlines()[-2]
    assert checkpoints.paths()[-1] > seen


@pytest.mark.slow
@pytest.mark.parametrize("backend", [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("jax", "torch")])
def test_other_backends_resume_bit_for_bit_too(experiment_file, tmp_path, backend):
    # Every process compiles the same step: JAX keeps it in a folder.
    cache = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "xla"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    variables = {"KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"} | cache
    train = ("train", experiment_file, "--training.epochs", 2, "--run-dir")
    code, output = run(None, *train, tmp_path / "whole", **variables)
    assert code == 0, output
    # In the second epoch, two steps after a checkpoint.
    code, output = run(KILL_AT_STEP.format(images=112, signal="SIGKILL"), *train, tmp_path / "run", **variables)
    assert code == -signal.SIGKILL, output
    code, output = run(None, *train, tmp_path / "run", "--resume", **variables)
    assert code == 0 and "Continuing at 0.096 kimg" in output, output
    check_equal(state(tmp_path / "run"), state(tmp_path / "whole"))
    # Draws of 24 steps: latents twice, 7 draws each, and one mixture; in every fourth step the latents and the image of
    # the path length.
    assert state(tmp_path / "run")[1]["stylegan/draws"][1] == 24 * (2 * 7 + 1) + 6 * (7 + 1)


GROWS = ("--model.network", "stylegan", "--optimizer.schedule", "constant", "--growing.start", 4, "--growing.kimg", 0.1,
         "--growing.fade-kimg", 0.06, "--growing.batch", 4, 16, "--training.total-kimg", 0.24)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend", ["tensorflow", *(pytest.param(name, marks=pytest.mark.needs(name)) for name in ("jax", "torch"))]
)
def test_a_run_killed_within_a_fade_resumes_bit_for_bit(experiment_file, tmp_path, backend):
    cache = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "xla"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    variables = {"KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"} | cache
    train = ("train", experiment_file, *GROWS, "--training.checkpoint-kimg", 0.056, "--run-dir")
    code, output = run(None, *train, tmp_path / "whole", **variables)
    assert code == 0, output
    expected = state(tmp_path / "whole")
    # 7 batches of 16 images of 4x4; then batches of 8, of which the first 60 images fade 8x8 in.
    rows = [row.split(",") for row in expected[2].decode().splitlines()]
    alpha, resolution = rows[0].index("alpha"), rows[0].index("resolution")
    found = [(float(row[0]), float(row[resolution]), float(row[alpha])) for row in rows[1:]]
    assert found == [(0.064, 4, 1), (0.112, 4, 1), (0.152, 8, pytest.approx(40 / 60, rel=1e-6)), (0.2, 8, 1)]
    assert expected[1]["generator_ema/synthesis/growth"] == expected[1]["discriminator/growth"] == 1
    # Goes on where the resolution is added, and within its fade.
    for images, at in ((136, 0.112), (176, 0.168)):
        path = tmp_path / f"killed{images}"
        code, output = run(KILL_AT_STEP.format(images=images, signal="SIGKILL"), *train, path, **variables)
        assert code == -signal.SIGKILL, output
        code, output = run(None, *train, path, "--resume", **variables)
        assert code == 0 and f"Continuing at {at} kimg" in output, output
        check_equal(state(path), expected)
    code, output = run(None, *train, tmp_path / "whole", "--resume", "--growing.fade-kimg", 0.05, **variables)
    assert code == 2
    assert "was trained with growing.fade_kimg = 0.06 and cannot continue with 0.05" in output.replace("\n", "")


@pytest.mark.slow
def test_float16_and_its_loss_scales_resume_bit_for_bit(experiment, tmp_path):
    train = ("train", experiment[0], "--training.precision", "float16", "--training.epochs", 2, "--run-dir")
    code, output = run(None, *train, tmp_path / "whole")
    assert code == 0, output
    expected = state(tmp_path / "whole")
    scales = {name: array for name, array in expected[1].items() if name.startswith("loss_scales/")}
    assert [name.split("/")[2] for name in scales] == ["scale", "good_updates"] * 2
    assert scales["loss_scales/g_loss_scale/good_updates"] > 0
    run(KILL_AT_STEP.format(images=112, signal="SIGKILL"), *train, tmp_path / "run")
    code, output = run(None, *train, tmp_path / "run", "--resume")
    assert code == 0, output
    check_equal(state(tmp_path / "run"), expected)


@pytest.mark.slow
def test_a_damaged_checkpoint_falls_back_to_the_previous_one(experiment, tmp_path):
    path, expected = experiment
    run(KILL_AT_STEP.format(images=290, signal="SIGKILL"), "train", path, "--run-dir", tmp_path / "run")
    newest = CheckpointFolder(tmp_path / "run" / "checkpoints").paths()[-1]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes(content)
    code, output = run(None, "train", path, "--run-dir", tmp_path / "run", "--resume")
    assert code == 0, output
    assert f"checkpoint {newest} is damaged" in output.replace("\n", "")
    check_equal(state(tmp_path / "run"), expected)
