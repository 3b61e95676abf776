import numpy as np
import pytest

from keras_stylegan.config import DataConfig
from keras_stylegan.data import phantom
from keras_stylegan.data.sources import load_images
from keras_stylegan.errors import InputError


def load(tmp_path, resolution=16, channels=1, split="train", seed=0, count=40):
    data = DataConfig(source="phantom", phantom_count=count, cache_dir=tmp_path)
    return load_images(data, resolution, channels, split, seed=seed, progress=False)


def test_phantoms_are_those_of_the_phantom_module(tmp_path):
    images = load(tmp_path, seed=3)
    expected = phantom.phantom_images(40, 16, seed=3)
    np.testing.assert_array_equal(images.images, expected.images)
    np.testing.assert_array_equal(images.labels, expected.labels)
    assert images.subjects.tolist() == expected.subjects.tolist()
    assert images.classes == ("AD", "NC")
    assert len(set(images.names.tolist())) == 40


def test_phantom_splits_share_no_subject(tmp_path):
    train, test = load(tmp_path, count=42), load(tmp_path, split="test", count=42)
    assert len(test) == 10
    assert not set(train.subjects) & set(test.subjects)


def test_phantoms_in_three_channels_and_other_seeds(tmp_path):
    grey, colour, other = load(tmp_path), load(tmp_path, channels=3), load(tmp_path, seed=1)
    np.testing.assert_array_equal(colour.images, np.repeat(grey.images, 3, axis=-1))
    assert other.fingerprint != grey.fingerprint


def test_phantoms_are_drawn_once(tmp_path, monkeypatch):
    first = load(tmp_path)
    monkeypatch.setattr(phantom, "phantom_images", None)
    np.testing.assert_array_equal(load(tmp_path).images, first.images)


def test_a_resolution_that_phantoms_do_not_have(tmp_path):
    with pytest.raises(InputError, match=r"phantoms: .*resolution"):
        load(tmp_path, resolution=8)


def test_an_unknown_split(tmp_path):
    with pytest.raises(InputError, match=r"split must be one of \('train', 'test'\)\. Received: 'val'"):
        load(tmp_path, split="val")
