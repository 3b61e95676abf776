"""A small image folder and runs trained on it, which need no training."""

import pytest
from small_runs import SIZE, save_run, write_images

from keras_stylegan.config import Config, DataConfig, ModelConfig
from keras_stylegan.training.networks import make_generator
from keras_stylegan.training.run_folder import RunFolder

MODEL = {"resolution": SIZE, "z_dim": 8, "w_dim": 8, "mapping_layers": 2, "channel_base": 64, "channel_max": 8}


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """train/ with 12 subjects and test/ with 14 others, 8 images each."""
    path = tmp_path_factory.mktemp("images")
    write_images(path / "train", 0, 12)
    write_images(path / "test", 100, 14)
    return path


@pytest.fixture
def make_run(tmp_path):
    """Function that writes a run folder with an untrained generator and returns (folder, generator)."""

    def make(path, name="run", conditional=True, classes=("AD", "NC"), data=None, **record):
        config = Config(
            model=ModelConfig(**MODEL, conditional=conditional),
            data=data or DataConfig(path=path, cache_dir=tmp_path / "cache"),
        )
        generator = make_generator(config, class_count=len(classes))
        folder = RunFolder(tmp_path / name)
        folder.checkpoints.mkdir(parents=True)
        folder.write_config(config)
        save_run(folder, generator, classes, **record)
        return folder.path, generator

    return make
