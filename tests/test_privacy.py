"""Nothing that is meant to be shared tells where the data lay, who they are, or on what machine."""

import json
import platform
import shutil
import socket
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from markers import find_markers
from PIL import Image
from rich.console import Console
from small_volumes import head, save_nifti, save_series

from export.command import main as deploy
from export.hub import FORMATS, HubModel
from export.options import ExportOptions
from export.to_onnx import export_run
from keras_stylegan.config import Config, DataConfig, ModelConfig, TrainingConfig
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.generation.generate import GenerateOptions, generate
from keras_stylegan.prepare import run_volumes
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
                              conditional=True, covariates=("slice",)),
            data=DataConfig(path=place / "folder_Zoë", cache_dir=place / "cache_marker",
                            subject_pattern=r"(?P<subject>subject_Ödön\d)_(?P<slice>\d+)"),
            training=TrainingConfig(batch_size=4, total_kimg=0.008),
        )  # fmt: skip
        run = place / "run_marker"
        assert train(config, run) == 0
        folder = export_run(run, ExportOptions(page=True))
        generate(run, GenerateOptions(count=4, mixing=2, interpolation=2, output_dir=run / "generated"))
        generate(run, GenerateOptions(count=2, format="npy", mixing=0, interpolation=0, output_dir=run / "arrays"))
        assert deploy([str(folder / "generator.onnx"), "--count", "2", "--grid", "--output-dir", str(run / "out")]) == 0
        for name, arrange in FORMATS.items():
            copied = shutil.copytree(folder, place / name, ignore=shutil.ignore_patterns(*FORMATS))
            shutil.move(arrange(HubModel.of(load_generator(run), ExportOptions(format=name)), copied), folder / name)
        make_gan(config, 2, 4, 8).save(run / "export" / "gan.keras")
    return run


@pytest.mark.slow
def test_nothing_that_is_shared_holds_a_marker(shared):
    names = ["export", "generated", "arrays", "out", "samples", "loss.png"]
    assert [found for name in names for found in find_markers(shared / name, MARKERS)] == []
    files = {path.suffix for name in names for path in (shared / name).rglob("*")}
    assert files >= {".onnx", ".keras", ".html", ".png", ".gif", ".json", ".npy", ".md", ".h5", ".py"}
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


SCANNED = ("folder_Zoë", "Doe^Jane", "P_marker", "subject_Ödön", "ses_20210304", "General_marker", "1.2.3.77777",
           "table_marker")  # fmt: skip


@pytest.mark.slow
def test_nothing_of_a_scan_reaches_anything_that_is_made_of_it(tmp_path, monkeypatch, capfd):
    """From the headers, names and table of volumes to the dataset, the run with all it keeps, slices and ONNX files."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    root = tmp_path / "folder_Zoë"
    lines = ["path,subject,session,label,age"]
    for number in range(4):
        save_nifti(root / f"subject_Ödön{number}.nii.gz", head(seed=number), descrip=b"Doe^Jane 19400101",
                   aux_file=b"P_marker", intent_name=b"Doe^Jane", db_name=b"Doe^Jane")  # fmt: skip
        save_series(root / f"dicom{number}", head(seed=9 + number), PatientName="Doe^Jane",
                    PatientID=f"P_marker{number}",
                    StudyDate="20210304", InstitutionName="General_marker",
                    SeriesInstanceUID=f"1.2.3.77777.{number}")  # fmt: skip
        subject = f"subject_Ödön{number},ses_20210304,{('AD', 'NC')[number % 2]},{60 + number}"
        lines += [f"subject_Ödön{number}.nii.gz,{subject}", f"dicom{number},{subject}"]
    (root / "table_marker.csv").write_text("\n".join(lines), encoding="utf-8")
    options = VolumeOptions(size=(8, 8), spacing=4.0, min_brain=0.0)
    assert run_volumes(root / "table_marker.csv", tmp_path / "made" / "set", options, Console()) == 0
    salt = (tmp_path / "made" / "set.salt").read_text().strip()
    (tmp_path / "made" / "set.salt").rename(tmp_path / "salt")
    model = ModelConfig(resolution=8, z_dim=4, w_dim=4, mapping_layers=1, channel_base=32, channel_max=4,
                        conditional=True, covariates=("slice_position_mm", "age"))  # fmt: skip
    data = DataConfig(path=tmp_path / "made" / "set", cache_dir=tmp_path / "made" / "cache")
    run = tmp_path / "made" / "run"
    assert train(Config(model=model, data=data, training=TrainingConfig(batch_size=4, total_kimg=0.008)), run) == 0
    export_run(run, ExportOptions())
    generate(run, GenerateOptions(count=2, format="nifti", mixing=0, interpolation=0, output_dir=run / "generated"))
    markers = (*SCANNED, salt)
    assert find_markers(tmp_path / "made", markers) == []
    said = "".join(capfd.readouterr())
    assert not any(marker in said for marker in markers)
    kinds = {path.suffix for path in (tmp_path / "made").rglob("*") if path.is_file()}
    assert {".npz", ".onnx", ".npy", ".csv", ".json", ".log", ".gz", ".png"} <= kinds
    assert (run / "manifest.csv").is_file() and not (tmp_path / "home").exists()
    # The search would have found them, each where it was planted.
    assert {marker for _, marker in find_markers(root, SCANNED)} == set(SCANNED) - {"folder_Zoë"}
