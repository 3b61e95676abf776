from dataclasses import replace

import numpy as np
import pytest
from small_volumes import head, save_nifti

from keras_stylegan.config import Config, DataConfig, ModelConfig, TrainingConfig
from keras_stylegan.data.dataset import Dataset
from keras_stylegan.data.pipeline import TrainingBatches
from keras_stylegan.data.sources import load_images, source_of
from keras_stylegan.data.volumes.options import VolumeOptions
from keras_stylegan.data.volumes.preparation import prepare_volumes
from keras_stylegan.errors import InputError
from keras_stylegan.training.train import train


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("volumes")
    lines = ["path,subject,label,age"]
    for number in range(6):
        save_nifti(root / "in" / f"{number}.nii.gz", head(seed=number))
        lines.append(f"{number}.nii.gz,P{number},{('AD', 'NC')[number % 2]},{60 + number}")
    (root / "in" / "t.csv").write_text("\n".join(lines))
    options = VolumeOptions(size=(16, 16), spacing=2.0, min_brain=0.0)
    prepare_volumes(root / "in" / "t.csv", root / "out", options, progress=False)
    return root / "out"


def config(path, **model):
    small = {"z_dim": 4, "w_dim": 4, "mapping_layers": 1, "channel_base": 32, "channel_max": 4}
    return Config(
        model=ModelConfig(**{"resolution": 16, **small, **model}),
        data=DataConfig(path=path),
        training=TrainingConfig(batch_size=4, total_kimg=0.008),
    )


def test_a_folder_that_is_a_dataset_is_read_as_one(made):
    source = source_of(config(made))
    assert isinstance(source, Dataset) and source.has_test and source.shows_people
    assert source.classes == ("AD", "NC") and source.covariates == ("slice_position_mm", "slice_share", "age")
    images = load_images(config(made), "train")
    assert images.images.shape == (24, 16, 16, 1) and images.images.dtype == np.uint16
    assert isinstance(images.images, np.memmap) and images.labels.dtype.names[1:] == source.covariates
    np.testing.assert_allclose(images.labels["slice_position_mm"][:6], [4, 6, 8, 10, 12, 14])
    assert set(images.labels["age"].tolist()) <= set(range(60, 66))
    assert "out train: 24 images 16x16x1 uint16 of 4 subjects; AD 12, NC 12." in images.report
    test = load_images(config(made), "test")
    assert len(test) == 12 and not set(test.subjects) & set(images.subjects)
    assert test.fingerprint != images.fingerprint


def test_sixteen_bits_reach_the_network(made):
    images = load_images(config(made), "train")
    batch, labels = TrainingBatches(images, 4, seed=0, horizontal_flip=False)[0]
    assert batch.dtype == np.float32 and batch.min() >= -1 and batch.max() <= 1
    # Steps of 8 bits are 2/255 wide: these are finer.
    assert len(np.unique(np.round((batch + 1) * 127.5, 3) % 1)) > 10
    assert set(labels) == {"class", "slice_position_mm", "slice_share", "age"}


@pytest.mark.slow
def test_training_runs_on_it(made, tmp_path):
    assert train(config(made), tmp_path / "run") == 0
    assert (tmp_path / "run" / "checkpoints").is_dir()
    for name in ("manifest.csv", "dataset.json"):
        assert (tmp_path / "run" / name).read_bytes() == (made / name).read_bytes()


@pytest.mark.parametrize(
    ("model", "split", "message"),
    [
        (
            {"resolution": 32},
            "train",
            r"slices of 16x16 pixels, the networks are for 32x32: prepare it with --size 32 32",
        ),
        ({"channels": 3}, "train", r"holds grey slices: use --model.channels 1. Received: 3"),
    ],
)
def test_other_networks(made, model, split, message):
    with pytest.raises(InputError, match=message):
        load_images(config(made, **model), split)


def copy(made, folder):
    for path in made.rglob("*"):
        if path.is_file():
            (folder / path.relative_to(made)).parent.mkdir(parents=True, exist_ok=True)
            (folder / path.relative_to(made)).write_bytes(path.read_bytes())
    return folder


def test_splits_that_share_subjects_are_refused(made, tmp_path):
    folder = copy(made, tmp_path / "d")
    test = np.load(folder / "test" / "subjects.npy")
    test[0] = np.load(folder / "train" / "subjects.npy")[0]
    np.save(folder / "test" / "subjects.npy", test)
    for split in ("train", "test"):
        with pytest.raises(InputError, match=f"1 subjects of .* stand in train/ and in test/, e.g. {test[0]}"):
            load_images(config(folder), split)
    allowed = replace(config(folder), data=DataConfig(path=folder, allow_shared_subjects=True))
    images = load_images(allowed, "train")
    assert len(images) == 24 and "Warning: 1 subjects stand in train/ and test/, which was allowed." in images.report


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("dataset.json", b"{", "dataset.json cannot be read: prepare the dataset anew"),
        ("dataset.json", b"[]", "dataset.json cannot be read"),
        ("dataset.json", b"{}", "dataset.json is damaged or of another version"),
        ("train/images.npy", b"x", "train is damaged .*: prepare the dataset anew"),
    ],
)
def test_a_damaged_dataset(made, tmp_path, file, content, message):
    folder = copy(made, tmp_path / "d")
    (folder / file).write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_images(config(folder), "train")
