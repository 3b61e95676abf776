"""What cannot be compared is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from fake_worker import tiny
from PIL import Image

from keras_stylegan.comparison.comparable import fingerprints, require_comparable
from keras_stylegan.comparison.contender import Contender
from keras_stylegan.config import Config, DataConfig, ModelConfig
from keras_stylegan.errors import InputError


def contender(name, config, **options):
    """The config with other options of its sections: `model={...}`."""
    changed = {section: dataclasses.replace(getattr(config, section), **new) for section, new in options.items()}
    return Contender(name, dataclasses.replace(config, **changed))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"resolution": 32}, "model.resolution is 16x16 in a and 32x32 in b; give --model.resolution for all"),
        ({"channels": 3}, "model.channels is 1 in a and 3 in b; give --model.channels for all"),
    ],
)
def test_images_of_another_kind(change, words):
    config = tiny(Path())
    with pytest.raises(InputError, match=f"metrics cannot be compared: {words}"):
        require_comparable([contender("a", config), contender("b", config, model=change)])


def test_other_phantoms_are_refused_before_they_are_drawn():
    config = tiny(Path())
    with pytest.raises(InputError, match="different images, as data.phantom_count is '16' and '20'; give --data.ph"):
        require_comparable([contender("a", config), contender("b", config, data={"phantom_count": 20})])
    with pytest.raises(InputError, match="different images, as training.seed is '0' and '1'"):
        require_comparable([contender("a", config), contender("b", config, training={"seed": 1})])


def test_phantoms_are_others_for_every_seed_and_the_same_for_all_contenders(tmp_path):
    config = tiny(tmp_path)
    first, second = fingerprints([contender("a", config), contender("b", config, training={"batch_size": 8})], 2)
    assert first != second


def images(folder, split, subjects):
    for subject in subjects:
        path = folder / split / "A" / f"{subject}_1.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(subject).integers(0, 256, (16, 16), dtype=np.uint8)).save(path)


def test_a_folder_needs_subjects_that_are_held_out(tmp_path):
    config = Config(
        model=ModelConfig(resolution=16), data=DataConfig(path=tmp_path / "data", cache_dir=tmp_path / "cache")
    )
    images(tmp_path / "data", "train", (1, 2))
    with pytest.raises(InputError, match="a: the data has no held-out subjects to compare on"):
        require_comparable([contender("a", config)])
    images(tmp_path / "data", "test", (2,))
    require_comparable([contender("a", config)])
    with pytest.raises(InputError, match="every held-out subject stands in the training images too"):
        fingerprints([contender("a", config)], 3)
    images(tmp_path / "data", "test", (3,))
    names = fingerprints([contender("a", config)], 3)
    assert len(names) == 3 and len(set(names)) == 1
    images(tmp_path / "other", "train", (1, 2))
    images(tmp_path / "other", "test", (4,))
    with pytest.raises(InputError, match="different images, as data.path is '.*data' and '.*other'; give --data.path"):
        fingerprints([contender("a", config), contender("b", config, data={"path": tmp_path / "other"})], 1)
