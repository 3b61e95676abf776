import os
import pickle
import tarfile

import keras
import numpy as np
import pytest

from keras_stylegan.config import DataConfig
from keras_stylegan.data import cifar10
from keras_stylegan.data.cifar10 import Cifar10
from keras_stylegan.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 3, 32, 32), np.uint8)


def write_batches(folder):
    """Two images in each of the six files, in the published form: planes of red, green and blue, bytes as keys."""
    folder.mkdir(parents=True)
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    for index, name in enumerate(names):
        content = {
            b"batch_label": b"made by hand",
            b"labels": [index, 9 - index],
            b"data": PIXELS[2 * index : 2 * index + 2].reshape(2, 3072),
        }
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))


@pytest.fixture
def batches(tmp_path):
    folder = tmp_path / "download" / "cifar-10-batches-py"
    write_batches(folder)
    return folder


def load(path, resolution=32, channels=3, split="train", cache="cache", **options):
    data = DataConfig(source="cifar10", path=path, cache_dir=path.parent / cache, **options)
    return Cifar10(data).load(split, (resolution, resolution), channels, progress=False)


def test_the_extracted_folder(batches):
    train, test = load(batches), load(batches, split="test")
    np.testing.assert_array_equal(train.images, PIXELS[:10].transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(test.images, PIXELS[10:].transpose(0, 2, 3, 1))
    assert train.labels["class"].tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    assert test.labels["class"].tolist() == [5, 4]
    assert train.classes == ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    assert len(set(train.subjects) | set(test.subjects)) == 12
    assert "CIFAR-10 train: 10 images 32x32x3 uint8; airplane 1, automobile 1" in train.report


def test_the_folder_above_and_the_archive(batches):
    expected = load(batches).images
    np.testing.assert_array_equal(load(batches.parent, cache="cache2").images, expected)
    archive = batches.parent / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(batches, "cifar-10-batches-py")
    np.testing.assert_array_equal(load(archive, cache="cache3").images, expected)


def test_other_sizes_and_channels(batches):
    assert load(batches, 16).images.shape == (10, 16, 16, 3)
    with pytest.raises(InputError, match=r"32x32 pixels, fewer than the resolution 64x64: .*--data\.upscale"):
        load(batches, 64)
    large = load(batches, 64, upscale=True)
    assert large.images.shape == (10, 64, 64, 3)
    assert "Warning: the images were enlarged" in large.report
    grey = load(batches, channels=1).images
    expected = np.tensordot(PIXELS[:10], [0.299, 0.587, 0.114], axes=(1, 0))
    assert np.abs(grey[..., 0] - expected).max() <= 0.5 + 1e-9


def test_a_second_start_reads_no_batch(batches, monkeypatch):
    load(batches)
    monkeypatch.setattr(cifar10, "read", None)
    assert len(load(batches)) == 10


class Harmful:
    def __reduce__(self):
        return os.getenv, ("HOME",)


def test_a_pickle_that_calls_functions_is_refused(batches):
    (batches / "data_batch_1").write_bytes(pickle.dumps({b"data": Harmful(), b"labels": []}))
    with pytest.raises(InputError, match=r"cannot be read \(it asks for os\.getenv"):
        load(batches)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Ran out of input"),
        (pickle.dumps({b"labels": [1]}), "b'data'"),
        (pickle.dumps({b"data": np.zeros((1, 5), np.uint8), b"labels": [1]}), r"pixels of shape \(1, 5\)"),
        (pickle.dumps({b"data": np.zeros((1, 3072), np.uint8), b"labels": [10]}), "labels do not suit"),
    ],
)
def test_damaged_batches(batches, content, reason):
    (batches / "data_batch_3").write_bytes(content)
    with pytest.raises(InputError, match=f"cannot be read .*{reason}.*cifar-10-python.tar.gz"):
        load(batches)


def test_a_damaged_archive(tmp_path):
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(b"\x1f\x8b no archive")
    with pytest.raises(InputError, match=r"CIFAR-10 in .* cannot be read"):
        load(archive)


def test_missing_files(batches, tmp_path):
    (batches / "data_batch_4").unlink()
    with pytest.raises(InputError, match="not a complete CIFAR-10 folder, it lacks data_batch_4"):
        load(batches)
    with pytest.raises(InputError, match=r"no cifar-10-batches-py in data\.path: get .*toronto.*--data\.path"):
        load(tmp_path)
    with pytest.raises(InputError, match=r"data\.path is not there: .*nowhere"):
        load(tmp_path / "nowhere")


def test_offline_without_a_download(tmp_path, monkeypatch):
    def offline():
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.datasets.cifar10, "load_data", offline)
    data = DataConfig(source="cifar10", cache_dir=tmp_path / "cache")
    with pytest.raises(InputError, match=r"cannot be downloaded \(URL fetch failure\): get .* with --data\.path"):
        Cifar10(data).load("train", (32, 32), 3, progress=False)
    assert list((tmp_path / "cache").iterdir()) == []


def test_keras_loader(tmp_path, monkeypatch):
    images = PIXELS.transpose(0, 2, 3, 1)
    labels = np.arange(12)[:, None] % 10
    splits = ((images[:8], labels[:8].astype(np.uint8)), (images[8:], labels[8:].astype(np.uint8)))
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: splits)
    data = DataConfig(source="cifar10", cache_dir=tmp_path)
    train = Cifar10(data).load("train", (32, 32), 3, progress=False)
    np.testing.assert_array_equal(train.images, images[:8])
    assert train.labels["class"].tolist() == list(range(8))
    assert Cifar10(data).load("test", (32, 32), 3, progress=False).labels["class"].tolist() == [8, 9, 0, 1]
