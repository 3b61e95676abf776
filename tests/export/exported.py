"""A small run folder with its exported files."""

from pathlib import Path

import keras
import numpy as np

from export.options import ExportOptions
from export.to_onnx import export_run
from keras_stylegan.config import Config, DataConfig, ModelConfig
from keras_stylegan.data.image_set import label_record
from keras_stylegan.latent.covariates import covariates_of, label_array
from keras_stylegan.training.checkpoint import save
from keras_stylegan.training.networks import make_generator
from keras_stylegan.training.record import Record
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.state import network_state, values

MODEL = {"resolution": 16, "z_dim": 8, "w_dim": 12, "mapping_layers": 2, "channel_base": 128, "channel_max": 16}


LABELS = label_record(np.arange(64) % 2, slice=1 + np.arange(64) % 32, age=np.linspace(60, 90, 64) ** 1.1)
"""Of the training images, as runs with covariates know them."""


def make_run(path, **model):
    """A run folder with the checkpoint of a generator whose every weight matters, and that generator."""
    config = Config(model=ModelConfig(**MODEL | model), data=DataConfig(path=Path("scans/AD_NC")))
    covariates = covariates_of(LABELS, config.model.covariates, 2 if config.model.conditional else 1)
    generator = make_generator(config, class_count=2, covariates=covariates)
    random = np.random.default_rng(0)
    for variable in generator.variables:
        if np.ptp(keras.ops.convert_to_numpy(variable)) == 0:
            variable.assign(variable + random.normal(size=variable.shape) * 0.3)
    folder = RunFolder(path)
    folder.checkpoints.mkdir(parents=True)
    folder.write_config(config)
    arrays = values(network_state(generator, "generator_ema"))
    save(folder.checkpoints / "checkpoint_0000001500.npz", arrays, Record(config, ("AD", "NC"), "", 1500, covariates))
    generator.mapping.fit_means()
    return generator


class Exported:
    """A run folder, its generator and its exported files."""

    def __init__(self, path, options=None, **model):
        self.run = path / "run"
        self.generator = make_run(self.run, **model)
        self.folder = export_run(self.run, ExportOptions(**options or {}))

    @property
    def path(self):
        return self.folder / "generator.onnx"

    def images(self, z, label=None, numbers=(), **arguments):
        """Keras's images, clipped."""
        vector = label_array(self.generator, label, numbers)
        return np.clip(np.asarray(self.generator(z, vector, **arguments)), -1, 1)
