"""Whole runs of the command `train`: what a refused one leaves, what a resumed one may change, what damage does."""

import csv
import errno
import io
import json
import os
import shutil
import signal
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from signals import default_signals

from keras_stylegan.cli import main
from keras_stylegan.training import journal, npz
from keras_stylegan.training.callbacks import StopAt

pytestmark = pytest.mark.slow

TINY = [
    "--model.resolution=8",
    "--model.z-dim=8",
    "--model.w-dim=8",
    "--model.mapping-layers=1",
    "--model.channel-base=32",
    "--model.channel-max=4",
    "--training.batch-size=4",
    "--training.sample-count=4",
    "--training.log-kimg=0.004",
    "--training.checkpoint-kimg=0.004",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with images and a run of one epoch, two steps."""
    folder = tmp_path_factory.mktemp("train")
    random = np.random.default_rng(0)
    for name in ("AD", "NC"):
        (folder / "images" / name).mkdir(parents=True)
        for index in range(4):
            pixels = random.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "images" / name / f"{name}{index}_0.png")
    assert main(command(folder, folder / "run")) == 0
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of the run."""
    return shutil.copytree(finished / "run", tmp_path / "run")


def command(folder, run, *more):
    data = ["--data.path", folder / "images", "--data.cache-dir", folder / "cache"]
    arguments = ["train", "adni64", "--run-dir", run, *data, "--training.epochs", 1, *TINY, *more]
    return [str(argument) for argument in arguments]


def resume(run, *more):
    return ["train", "--run-dir", str(run), "--resume", *map(str, more)]


def error_of(capsys, arguments):
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("Error: "), lines
    return lines[0]


def content(run):
    return {path.relative_to(run): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def rows(run):
    with open(run / "log.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_refused_resume_changes_nothing(finished, run, capsys):
    before = content(run)
    assert "holds a run already; continue it with --resume" in error_of(capsys, command(finished, run))
    two = ("--training.epochs", 2)
    for option, value, told in (
        ("--model.w-dim", 16, "model.w_dim = 8 and cannot continue with 16"),
        ("--training.batch-size", 8, "training.batch_size = 4 and cannot continue with 8"),
        ("--training.seed", 1, "training.seed = 0 and cannot continue with 1"),
        ("--training.precision", "bfloat16", "training.precision = 'float32' and cannot continue with 'bfloat16'"),
    ):
        assert told in error_of(capsys, resume(run, *two, "--loss.pl-weight", 2, option, value))
        assert content(run) == before
    extra = finished / "images" / "AD" / "AD9_0.png"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(extra)
    try:
        assert "was trained on other images" in error_of(capsys, resume(run, *two))
    finally:
        extra.unlink()
    for damage in (b"\x89PNG\xff\n", b"kimg,epoch\nx,1\n"):
        (run / "log.csv").write_bytes(damage)
        assert "log.csv" in error_of(capsys, resume(run, *two, "--loss.pl-weight", 2))
        changed = content(run)
        assert [path.name for path in before if changed[path] != before[path]] == ["log.csv"]
    (run / "log.csv").write_bytes(before[Path("log.csv")])
    for name in ("samples", "tensorboard"):
        shutil.move(run / name, run.parent / name)
        (run / name).write_text("mine")
        assert f"{name} is a file and must be a folder" in error_of(capsys, resume(run, *two))
        (run / name).unlink()
        shutil.move(run.parent / name, run / name)
    assert content(run) == before
    assert main(resume(run)) == 0
    assert "The run is complete at 0.008 kimg" in capsys.readouterr().out
    assert content(run) == before
    assert main(resume(run, *two)) == 0
    assert len(rows(run)) == 4


def test_options_that_change_the_next_step_are_said(run, capsys):
    config = json.loads((run / "config.json").read_text())
    options = ("--loss.pl-weight", 2, "--loss.pl-interval", 1, "--loss.adversarial", "hinge", "--training.epochs", 2)
    assert main(resume(run, *options)) == 0
    line = (
        "From here on loss.adversarial is hinge (was wgan-gp), loss.pl_weight is 2.0 (was 0.0), "
        "loss.pl_interval is 1 (was 4)."
    )
    assert line in capsys.readouterr().out.splitlines()
    assert line in (run / "train.log").read_text().splitlines()
    now = json.loads((run / "config.json").read_text())
    assert config["loss"]["adversarial"] == "wgan-gp" and now["loss"]["adversarial"] == "hinge"
    lengths = [row["path_length"] for row in rows(run)]
    assert lengths[:2] == ["", ""] and all(float(length) > 0 for length in lengths[2:]) and len(lengths) == 4
    # From then on it is the run's own option.
    assert main(resume(run, "--training.epochs", 3)) == 0
    assert "From here on" not in capsys.readouterr().out


def rewrite(path, change):
    """Write a checkpoint anew, whole and with the right checksums, but with other content."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, member in (members | change(members)).items():
            archive.writestr(name, member)


def array(value):
    return lambda members: {"generator_ema/mapping/w_avg.npy": npy(value)}


def npy(value):
    buffer = io.BytesIO()
    np.save(buffer, value)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        lambda members: {npz.RECORD: b"null"},
        array(np.full(8, np.nan, np.float32)),
        lambda members: {"stylegan/images.npy": npy(np.int32(-8))},
    ],
    ids=["record", "NaN", "negative"],
)
def test_a_damaged_checkpoint_is_passed_over(finished, run, capsys, change):
    newest = run / "checkpoints" / "checkpoint_0000000008.npz"
    rewrite(newest, change)
    assert main(resume(run)) == 0
    out = capsys.readouterr().out
    assert str(newest) in out and "falling back to the previous one" in out
    assert "Continuing at 0.004 kimg" in out
    # The second step again, and the same.
    with zipfile.ZipFile(newest) as found, zipfile.ZipFile(finished / "run" / "checkpoints" / newest.name) as expected:
        assert found.namelist() == expected.namelist()
        for name in expected.namelist():
            assert name == npz.RECORD or found.read(name) == expected.read(name)
    assert (run / "log.csv").read_bytes() == (finished / "run" / "log.csv").read_bytes()


def test_every_command_passes_over_a_damaged_checkpoint_or_says_that_all_are(run, tmp_path, capsys):
    rewrite(run / "checkpoints" / "checkpoint_0000000008.npz", array(np.full(8, np.nan, np.float32)))
    output = tmp_path / "out"
    assert main(["generate", str(run), "--output-dir", str(output), "--count", "2"]) == 0
    assert "holds numbers that are not finite" in capsys.readouterr().out
    assert json.loads((output / "generate.json").read_text())["images_seen"] == 4
    (run / "checkpoints" / "checkpoint_0000000004.npz").write_bytes(b"PK")
    for arguments in (["generate", run], ["evaluate", run], ["export", run], resume(run, "--training.epochs", 2)):
        assert "every checkpoint is damaged" in error_of(capsys, arguments)


def test_a_full_disk_at_the_start_is_one_line(finished, tmp_path, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(journal, "open", full, raising=False)
        line = error_of(capsys, command(finished, tmp_path / "run"))
    assert "train.log: No space left on device; make room" in line
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        line = error_of(capsys, command(finished, tmp_path / "run"))
    assert "config.json: No space left on device" in line
    assert not (tmp_path / "run" / "config.json").exists()
    assert main(command(finished, tmp_path / "run")) == 0


def test_a_full_disk_later_is_one_line_and_the_run_goes_on(finished, tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    arguments = command(finished, run, "--training.epochs", 2)

    def full(self, *_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    original = StopAt.on_train_batch_end

    def fill(self, batch, logs=None):
        original(self, batch, logs)
        if self.model.images_seen == 12:
            patch.setattr(os, "fsync", full)

    with monkeypatch.context() as patch:
        patch.setattr(StopAt, "on_train_batch_end", fill)
        assert "No space left on device" in error_of(capsys, arguments)
    assert main(resume(run)) == 0
    assert "Continuing at 0.008 kimg" in capsys.readouterr().out
    assert [row["kimg"] for row in rows(run)] == ["0.004", "0.008", "0.012", "0.016"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_save_unless_ignored(finished, tmp_path, capsys, monkeypatch, number):
    original = StopAt.on_train_batch_end

    def send(self, batch, logs=None):
        original(self, batch, logs)
        if self.model.images_seen == 8:
            signal.raise_signal(number)

    monkeypatch.setattr(StopAt, "on_train_batch_end", send)
    options = ("--training.epochs", 2, "--training.checkpoint-kimg", 1)
    with default_signals():
        assert main(command(finished, tmp_path / "run", *options)) == 128 + number
    # The next step ends before.
    assert f"Stopped by {number.name} at 0.012 kimg. Saved" in capsys.readouterr().out
    assert (tmp_path / "run" / "checkpoints" / "checkpoint_0000000012.npz").exists()
    if number != signal.SIGTERM:
        with default_signals(number):
            assert main(command(finished, tmp_path / "other", *options)) == 0
        assert "Stopped" not in capsys.readouterr().out
