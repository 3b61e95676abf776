"""Dataclasses as JSON: the round trip, and one line with file and key for whatever else is in a file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keras_stylegan.config import (
    AugmentConfig,
    Config,
    DataConfig,
    LossConfig,
    ModelConfig,
    OptimizerConfig,
    TrainingConfig,
)
from keras_stylegan.errors import InputError
from keras_stylegan.training.record import Record
from keras_stylegan.typed_json import LONGEST, from_json, read_json, to_json

ROOT = Path(__file__).resolve().parents[1]


def changed():
    return Config(
        model=ModelConfig(architecture="resnet", resolution=16, channels=3, conditional=True),
        loss=LossConfig(adversarial="hinge", r1_interval=16),
        optimizer=OptimizerConfig(phases=((3, 0.5), (2, 0.25))),
        data=DataConfig(path=Path("a") / "b", background=3, cache_dir=Path("c")),
        augment=AugmentConfig(horizontal_flip=False),
        training=TrainingConfig(total_kimg=2.5, ema_rampup=None, style_mixing_prob=0.9),
    )


def record(**values):
    return Record(changed(), ("AD", "NC"), "a" * 16, **{"images_seen": 8} | values)


@pytest.mark.parametrize("value", [Config(), changed(), record(), record(best_metric="recall_random", best_value=0.5)])
def test_round_trip(value):
    assert from_json(type(value), to_json(value), "here") == value


def test_json_is_one_object_per_section():
    plain = json.loads(to_json(changed()))
    assert list(plain) == ["model", "loss", "optimizer", "schedule", "growing", "data", "augment", "training"]
    assert plain["data"]["path"] == str(Path("a") / "b")
    assert plain["optimizer"]["phases"] == [[3, 0.5], [2, 0.25]]


def test_a_file_that_is_older_than_an_option_has_its_default():
    assert from_json(Config, '{"model": {"z_dim": 3}}', "here") == Config(model=ModelConfig(z_dim=3))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "Invalid JSON: EOF"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "Invalid JSON: expected value at line 1 column 1"),
        ("{", "Invalid JSON: EOF while parsing an object"),
        ("[" * 100_000, "Invalid JSON: recursion limit exceeded"),
        ('{"model": ' * 100_000, "Invalid JSON: recursion limit exceeded"),
        ('{"model": {"z_dim": ' + "9" * 5000 + "}}", "Invalid JSON: number out of range"),
        ("null", "Input should be an object. Received: None"),
        ("[1, 2]", r"Input should be an object. Received: \[1, 2\]"),
        ('{"model": 3}', "model: Input should be an object. Received: 3"),
        ('{"model": null}', "model: Input should be an object. Received: None"),
        ('{"modle": {}}', "modle: no such key"),
        ('{"model": {"zdim": 5}}', "model.zdim: no such key"),
        ('{"model": {"resolution": 50}}', "model.resolution must be .* Received: 50"),
        ('{"model": {"resolution": [50, 64]}}', r"model.resolution must be .* 48 64. Received: \(50, 64\)"),
        ('{"model": {"resolution": ["a", 64]}}', "model.resolution: Input should be a valid integer. Received: .*'a'"),
        ('{"model": {"resolution": 64.0}}', "model.resolution: Input should be a valid integer. Received: 64.0"),
        ('{"model": {"z_dim": true}}', "model.z_dim: Input should be a valid integer. Received: True"),
        ('{"model": {"z_dim": null}}', "model.z_dim: Input should be a valid integer. Received: None"),
        ('{"model": {"conditional": 1}}', "model.conditional: Input should be a valid boolean. Received: 1"),
        ('{"model": {"noise": "loud"}}', "model.noise: Input should be 'random' or 'none'. Received: 'loud'"),
        ('{"training": {"batch_size": "8"}}', "training.batch_size: Input should be a valid integer. Received: '8'"),
        ('{"training": {"total_kimg": NaN}}', "training.total_kimg must be greater than 0. Received: nan"),
        ('{"data": {"path": 3}}', "data.path: .* Received: 3"),
        ('{"optimizer": {"phases": [[1, 2, 3]]}}', r"optimizer.phases.0: .* Received: \[1, 2, 3\]"),
        ('{"optimizer": {"phases": [[1.5, 2]]}}', "optimizer.phases.0.0: .* Received: 1.5"),
    ],
)
def test_a_bad_config_is_refused(text, message):
    with pytest.raises(InputError, match=r"^run/config.json is damaged or of another version: " + message) as caught:
        from_json(Config, text, "run/config.json")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("images_seen", None, "images_seen: Input should be a valid integer. Received: None"),
        ("images_seen", 8.0, "images_seen: Input should be a valid integer. Received: 8.0"),
        ("images_seen", -1, "images_seen must be at least 0. Received: -1"),
        ("classes", "AD", "classes: .* Received: 'AD'"),
        ("classes", [], "classes must be one name or more"),
        ("classes", ["AD", "../NC"], "classes must be .* without a slash .* Received: .*'../NC'"),
        ("classes", [1, 2], "classes.0: Input should be a valid string. Received: 1"),
        ("config", None, "config: Input should be an object"),
        ("data_fingerprint", 3, "data_fingerprint: .* Received: 3"),
        ("new", 3, "new: no such key"),
    ],
)
def test_a_bad_record_is_refused(key, value, message):
    with pytest.raises(InputError, match=r"^a.npz is damaged or of another version: " + message):
        from_json(Record, json.dumps(json.loads(to_json(record())) | {key: value}), "a.npz")


@pytest.mark.parametrize("key", ["config", "classes", "data_fingerprint", "images_seen"])
def test_a_record_without_a_key_is_refused(key):
    plain = json.loads(to_json(record()))
    del plain[key]
    with pytest.raises(InputError, match=f"{key}: missing"):
        from_json(Record, json.dumps(plain), "a.npz")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="is no file"):
        read_json(Config, tmp_path)
    with pytest.raises(InputError, match=r"cannot read .*nothing: No such file or directory"):
        read_json(Config, tmp_path / "nothing")
    path = tmp_path / "config.json"
    with open(path, "wb") as file:
        file.truncate(LONGEST + 1)
    with pytest.raises(InputError, match="config.json is damaged: it has more than"):
        read_json(Config, path)
    path.write_text(to_json(changed()))
    assert read_json(Config, path) == changed()


def test_the_reader_is_loaded_only_when_a_file_is_read():
    program = "import sys, keras_stylegan.cli, keras_stylegan.typed_json; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
