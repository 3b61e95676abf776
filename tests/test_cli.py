"""The command line: help, experiments, and one clear line with exit code 2 for bad input."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_stylegan.cli import COMMANDS, main, parse
from keras_stylegan.config import Config
from keras_stylegan.experiments import load_experiment
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.typed_json import to_json

ROOT = Path(__file__).resolve().parents[1]
TINY = [
    "--model.resolution=8",
    "--model.z-dim=8",
    "--model.w-dim=8",
    "--model.mapping-layers=1",
    "--model.channel-base=32",
    "--model.channel-max=4",
]


def bad_input(capsys, *arguments):
    """Runs a command line that must fail with exit code 2; returns its one line on stderr."""
    assert main([str(argument) for argument in arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
    return lines[0]


@pytest.fixture
def images(tmp_path):
    """A folder of 8 grey images of 8x8 pixels in two classes."""
    random = np.random.default_rng(0)
    for name in ("AD", "NC"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for index in range(4):
            pixels = random.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{name}{index}_0.png")
    return tmp_path / "images"


def train_arguments(tmp_path, images):
    folders = ["--run-dir", tmp_path / "run", "--data.path", images, "--data.cache-dir", tmp_path / "cache"]
    return ["train", "adni64", *folders, "--training.batch-size", 4, *TINY]


def test_every_command_has_help(capsys):
    for command in COMMANDS:
        with pytest.raises(SystemExit) as exit_:
            main([command, "--help"])
        assert exit_.value.code == 0
        assert f"run.py {command}" in capsys.readouterr().out


def test_help_lists_the_commands_without_keras():
    program = (
        "import sys; from keras_stylegan.cli import main\ntry: main(['--help'])\nfinally: print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(command in done.stdout for command in COMMANDS)
    loaded = set(re.findall(r"'(\w+)'", done.stdout))
    assert not loaded & {"keras", "tensorflow", "numpy", "PIL", "onnxruntime"}


def test_unknown_words_are_answered_with_near_ones(capsys):
    line = bad_input(capsys, "train", "demo", "--model.resolutoin", "64")
    assert "Unrecognized options: --model.resolutoin, 64; did you mean --model.resolution?" in line
    assert "there is no command 'trian'; did you mean 'train'? Known: train, generate" in bad_input(capsys, "trian")
    assert "did you mean 'adni64'?" in bad_input(capsys, "train", "adni46")


def test_the_default_recipe_is_the_users():
    config = load_experiment("adni64")
    assert config == Config()
    model, loss, training = config.model, config.loss, config.training
    assert (model.resolution, model.z_dim, model.w_dim, model.conditional) == (64, 512, 512, False)
    assert (loss.adversarial, loss.gp_weight, loss.r1_gamma / 2) == ("wgan-gp", 10, 0.001)
    assert (training.batch_size, training.epochs) == (64, 150)
    assert config.optimizer.schedule == "phases"
    assert config.optimizer.phases == ((100, 1e-4), (50, 1e-5))
    assert config.augment.horizontal_flip


@pytest.mark.parametrize("command", ["train", "prepare", "benchmark"])
@pytest.mark.parametrize(
    "words",
    [
        ["adni64_cpu", "--training.seed", "1"],
        ["--training.seed", "1", "adni64_cpu"],
        ["--training.seed=1", "adni64_cpu"],
        ["--data.upscale", "--training.seed", "1", "adni64_cpu", "--data.strict"],
    ],
)
def test_an_experiment_counts_wherever_it_stands(command, words):
    parsed = parse([command, *words])
    assert parsed.experiment == "adni64_cpu"
    assert parsed.config.training.seed == 1
    assert parsed.config.model == load_experiment("adni64_cpu").model
    if command == "train":
        assert parsed.run_folder() == Path("models/adni64_cpu")


@pytest.mark.parametrize("name", ["nonsense", "/etc/passwd", "maybe", "x" * 300, "", ".", "..", "../experiments/demo"])
@pytest.mark.parametrize("command", ["train", "prepare", "benchmark"])
def test_an_unknown_experiment_is_refused_wherever_it_stands(capsys, command, name):
    assert "there is no experiment" in bad_input(capsys, command, "--training.seed", "1", name)


def test_defaults_are_checked_after_the_experiment_is_known(tmp_path):
    """A combination that the default experiment refuses, and this one does not."""
    path = tmp_path / "mine.py"
    path.write_text("from keras_stylegan.config import *\nconfig = Config(model=ModelConfig(mbstd_group_size=5),\n"
                    "    training=TrainingConfig(batch_size=10))\n")  # fmt: skip
    assert parse(["train", "--training.batch-size", "15", str(path)]).config.training.batch_size == 15


def test_dry_run_prints_the_resolved_config(capsys):
    assert main(["train", "adni64", "--dry-run", "--training.batch-size", "32"]) == 0
    assert '"batch_size": 32' in capsys.readouterr().out


def test_dry_run_knows_covariates(capsys):
    assert main(["train", "demo", "--model.covariates", "foo", "--dry-run"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("Error: model.covariates: the images have no covariate 'foo'; there are slice_height_mm")
    assert main(["train", "demo", "--model.covariates", "slice_height_mm", "--dry-run"]) == 0
    # Of a folder its pattern says it.
    assert main(["train", "adni64", "--model.covariates", "slice", "--dry-run"]) == 0
    assert main(["train", "adni64", "--model.covariates", "age", "--dry-run"]) == 2


def test_dry_run_refuses_what_training_would(capsys):
    assert main(["train", "--dry-run", "--model.network", "stylegan", "--model.architecture", "resnet"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("Error: model.architecture is no option of model.network 'stylegan': leave it at 'skip'")


def test_resume_takes_the_options_of_the_run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    stored = parse(["train", "adni64_cpu", "--training.seed", "5", "--data.path", "scans"]).config
    folder.write_config(stored)
    command = parse(["train", "--run-dir", str(folder.path), "--resume", "--training.epochs", "7"])
    assert command.config.training.epochs == 7
    assert (command.config.training.seed, command.config.data.path) == (5, Path("scans"))
    assert command.config.model == stored.model


def test_a_config_of_another_version(tmp_path, capsys):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.config.write_text(to_json(Config()).replace('"seed"', '"sead"'))
    line = bad_input(capsys, "train", "--run-dir", folder.path, "--resume")
    assert "config.json is damaged or of another version: training.sead: no such key" in line


def test_bad_options(capsys):
    line = bad_input(capsys, "train", "demo", "--model.resolution", "50")
    assert "model.resolution must be the side of a square, or height and width" in line
    assert "at most 1024; the nearest is 48. Received: 50" in line
    line = bad_input(capsys, "train", "demo", "--training.batch-size", "30")
    assert "training.batch_size must be a multiple of model.mbstd_group_size (4). Received: 30" in line


def test_bad_data(tmp_path, capsys, images):
    arguments = train_arguments(tmp_path, images)
    assert "--data.path" in bad_input(capsys, *arguments[:4], *arguments[6:])
    missing = [*arguments, "--data.path", tmp_path / "nothing"]
    assert str(tmp_path / "nothing") in bad_input(capsys, *missing)
    (images / "MCI").mkdir()
    assert "MCI" in bad_input(capsys, *arguments)
    (images / "MCI").rmdir()
    line = bad_input(capsys, *arguments, "--training.batch-size", 16)
    assert "training.batch_size must be at most the number of images, 8. Received: 16" in line
    assert "--data.upscale" in bad_input(capsys, *arguments, "--model.resolution", 16, "--model.channel-base", 64)
    (images / "AD" / "broken_1.png").write_bytes(b"no image")
    assert "broken_1.png" in bad_input(capsys, *arguments, "--data.strict")


def test_no_run_to_generate_from(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "there is no trained run in models/; train one" in bad_input(capsys, "generate")
    assert "run folder nowhere does not exist" in bad_input(capsys, "generate", "nowhere")
    Path("empty").mkdir()
    assert "empty is no run folder: config.json is missing" in bad_input(capsys, "generate", "empty")


def test_a_run_folder_in_use(tmp_path, capsys, images):
    with RunFolder(tmp_path / "run").lock():
        line = bad_input(capsys, *train_arguments(tmp_path, images))
        assert f"run folder {tmp_path / 'run'} is in use by another process" in line


def test_a_run_folder_that_cannot_be_made(tmp_path, capsys, images):
    (tmp_path / "file").write_text("")
    line = bad_input(capsys, *train_arguments(tmp_path, images), "--run-dir", tmp_path / "file" / "run")
    assert f"cannot write to run folder {tmp_path / 'file' / 'run'}" in line


@pytest.mark.parametrize(
    ("backend", "line"),
    [
        ("mxnet", r"Error: the backend of Keras must be one of tensorflow, jax, torch: .* Received: 'mxnet'"),
        # Keras's numpy backend imports JAX: with or without it the answer is the same.
        ("numpy", r"Error: the backend of Keras must be one of tensorflow, jax, torch: .* Received: 'numpy'"),
        (
            "jax",
            r"Error: Keras cannot start its backend: no JAX here; set KERAS_BACKEND to tensorflow, jax or torch, .*",
        ),
    ],
)
def test_a_backend_that_cannot_train(tmp_path, backend, line):
    missing = tmp_path / "packages" / "jax.py"
    missing.parent.mkdir()
    missing.write_text("raise ModuleNotFoundError('no JAX here')\n")
    command = [sys.executable, "run.py", "train", "--run-dir", str(tmp_path / "run")]
    environment = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": str(missing.parent)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert re.fullmatch(line, done.stderr.strip())
    assert not (tmp_path / "run").exists()
