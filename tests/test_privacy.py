"""Nothing that is meant to be shared tells where the data lay, who they are, or on what machine."""

import json
import platform
import socket
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from markers import find_markers
from PIL import Image

from export.command import main as deploy
from export.options import ExportOptions
from export.to_onnx import export_run
from keras_stylegan.config import Config, DataConfig, ModelConfig, TrainingConfig
from keras_stylegan.generate import GenerateOptions, generate
from keras_stylegan.training.networks import make_gan
from keras_stylegan.training.train import train
from keras_stylegan.training.trained import load_generator

MARKERS = ("folder_Zoë", "subject_Ödön", "cache_marker", "run_marker", "host_marker", "user_marker", "tmp_marker")


def write_data(folder):
    for number in range(16):
        path = folder / "train" / ("AD", "NC")[number % 2] / f"subject_Ödön{number // 4}_{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (8, 8)).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The folder of all that a small run can share; everything around it is marked."""
    place = tmp_path_factory.mktemp("place")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("USER", "LOGNAME", "USERNAME"):
            patch.setenv(name, "user_marker")
        patch.setenv("HOME", str(place / "user_marker"))
        patch.setattr(socket, "gethostname", lambda: "host_marker")
        patch.setattr(platform, "node", lambda: "host_marker")
        patch.setattr(tempfile, "tempdir", str(place / "tmp_marker"))
        (place / "tmp_marker").mkdir()
        write_data(place / "folder_Zoë")
        config = Config(
            model=ModelConfig(resolution=8, z_dim=4, w_dim=4, mapping_layers=1, channel_base=32, channel_max=4,
                              conditional=True),
            data=DataConfig(path=place / "folder_Zoë", cache_dir=place / "cache_marker",
                            subject_pattern=r"(?P<subject>subject_Ödön\d)_(?P<slice>\d+)"),
            training=TrainingConfig(batch_size=4, total_kimg=0.008),
        )  # fmt: skip
        run = place / "run_marker"
        assert train(config, run) == 0
        folder = export_run(run, ExportOptions())
        generate(run, GenerateOptions(count=4, mixing=2, interpolation=2, output_dir=run / "generated"))
        generate(run, GenerateOptions(count=2, format="npy", mixing=0, interpolation=0, output_dir=run / "arrays"))
        assert deploy([str(folder / "generator.onnx"), "--count", "2", "--grid", "--output-dir", str(run / "out")]) == 0
        make_gan(config, 2, 4, 8).save(run / "export" / "gan.keras")
    return run


@pytest.mark.slow
def test_nothing_that_is_shared_holds_a_marker(shared):
    names = ["export", "generated", "arrays", "out", "samples", "loss.png"]
    assert [found for name in names for found in find_markers(shared / name, MARKERS)] == []
    files = {path.suffix for name in names for path in (shared / name).rglob("*")}
    assert files == {".onnx", ".keras", ".png", ".gif", ".json", ".npy"}
    # The search would have found them: what stays with the run holds them.
    kept = {
        marker
        for name in ("config.json", "train.log", "checkpoints")
        for _, marker in find_markers(shared / name, MARKERS)
    }
    assert kept >= {"folder_Zoë", "subject_Ödön", "cache_marker"}


@pytest.mark.slow
def test_what_is_of_use_is_still_told(shared):
    model = onnx.load(shared / "export" / "generator.onnx")
    config = json.loads({item.key: item.value for item in model.metadata_props}["config"])
    assert config["model"]["w_dim"] == 4 and config["training"]["batch_size"] == 4
    assert config["data"]["source"] == "folder" and config["data"]["fit"] == "pad"
    record = json.loads((shared / "generated" / "generate.json").read_text())
    assert record["options"]["mixing"] == 2
    assert record["weights_sha256"] == load_generator(Path(shared)).weights_sha256
