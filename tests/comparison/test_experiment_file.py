"""A config as a file is the config again."""

import dataclasses
from pathlib import Path

import pytest

from keras_stylegan.comparison.experiment_file import experiment_file
from keras_stylegan.config import Config, DataConfig, ScheduleConfig, TrainingConfig
from keras_stylegan.experiments import load_experiment
from keras_stylegan.folders import EXPERIMENTS


@pytest.mark.parametrize("name", sorted(path.stem for path in EXPERIMENTS.glob("[!_]*.py")))
def test_every_experiment_survives(tmp_path, name):
    config = load_experiment(name)
    path = tmp_path / "copy.py"
    path.write_text(experiment_file(config, 'A copy of C:\\new """quoted"""'), encoding="utf-8")
    assert load_experiment(str(path)) == config


def test_a_schedule_survives(tmp_path):
    config = Config(
        schedule=ScheduleConfig(r1_gamma=((0.0, 5.0), (30.0, 40.0)), beta_2=((0.0, 0.9), (30.0, 0.99))),
        training=TrainingConfig(total_kimg=30.0),
    )
    path = tmp_path / "copy.py"
    path.write_text(experiment_file(config, "x"), encoding="utf-8")
    assert load_experiment(str(path)) == config


def test_only_differences_are_written_and_no_path(tmp_path):
    assert experiment_file(Config(), "Defaults.") == (
        '"""Defaults.\n"""\n\nfrom keras_stylegan.config import Config\n\nconfig = Config()\n'
    )
    config = dataclasses.replace(
        Config(), data=DataConfig(path=Path("/home/somebody/scans"), cache_dir=Path("cache"), upscale=True)
    )
    text = experiment_file(config, "x")
    assert "config = Config(\n    data=DataConfig(upscale=True),\n)\n" in text
    assert "somebody" not in text and "cache" not in text
