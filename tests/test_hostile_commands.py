"""Every hostile command of the table is answered with one line and exit code 2, and what was there is untouched."""

import shlex
import shutil
import time

import pytest
from hostile_augmentations import AUGMENTATIONS
from hostile_comparisons import COMPARISONS
from hostile_covariates import COVARIATES
from hostile_growing import GROWING
from hostile_latent import LATENT
from hostile_rows import NEWEST, ROWS

from keras_stylegan.cli import main
from keras_stylegan.config import Config, DataConfig, ModelConfig, TrainingConfig
from keras_stylegan.data.sources import load_images
from keras_stylegan.training.checkpoint import CheckpointFolder
from keras_stylegan.training.conditioning import training_covariates
from keras_stylegan.training.networks import make_gan
from keras_stylegan.training.record import Record
from keras_stylegan.training.run_folder import RunFolder

TINY = {"resolution": 8, "z_dim": 8, "w_dim": 8, "mapping_layers": 1, "channel_base": 32, "channel_max": 4}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of 16 phantoms with one checkpoint."""
    path = tmp_path_factory.mktemp("hostile")
    config = Config(
        model=ModelConfig(**TINY, conditional=True, covariates=("slice_height_mm",)),
        data=DataConfig(source="phantom", phantom_count=16, cache_dir=path / "cache"),
        training=TrainingConfig(batch_size=4, total_kimg=0.032),
    )
    folder = RunFolder(path / "run")
    folder.path.mkdir()
    folder.write_config(config)
    images = load_images(config, "train", progress=False)
    covariates = training_covariates(config.model, images)
    gan = make_gan(config, len(images.classes), 4, 8, covariates)
    gan.images.assign(8)
    gan.step.assign(2)
    record = Record(config, images.classes, images.fingerprint, images_seen=0, covariates=covariates)
    CheckpointFolder(folder.checkpoints).save(gan, record)
    assert (path / NEWEST).is_file()
    return folder.path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


def make(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if callable(content):
        content(path)
        return
    if path.is_dir():
        shutil.rmtree(path)
    if content is None:
        path.unlink(missing_ok=True)
        path.mkdir(parents=True)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


EVERY = [*ROWS, *AUGMENTATIONS, *COMPARISONS, *COVARIATES, *GROWING, *LATENT]


def test_there_are_rows_enough():
    assert len({row.what for row in EVERY}) == len(EVERY) > 100


@pytest.mark.parametrize("row", EVERY, ids=lambda row: row.what[:60])
def test_a_hostile_command_is_answered_in_one_line(row, run, tmp_path, capsys, monkeypatch):
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    if "@/run" in row.command:
        shutil.copytree(run, folder / "run")
    for name, content in row.files.items():
        make(folder / name, content)
    before = contents(folder)
    arguments = [word.replace("@", str(folder)) for word in shlex.split(row.command)]
    start = time.process_time()
    code = main(arguments)
    err = capsys.readouterr().err
    assert code == 2, err
    last = err.rstrip("\n").splitlines()[-1]
    assert last.startswith("Error: ")
    assert row.words.replace("@", str(folder)) in last
    assert "Traceback" not in err
    after = contents(folder)
    assert {path: after.get(path) for path in before} == before
    # Refused before anything large is begun.
    assert time.process_time() - start < 10
