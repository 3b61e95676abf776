"""Run folders of untrained generators, and what `generate` wrote for them."""

import numpy as np
from PIL import Image

from keras_stylegan.config import Config, ModelConfig
from keras_stylegan.latent.covariates import covariates_of
from keras_stylegan.training.checkpoint import save
from keras_stylegan.training.networks import make_generator
from keras_stylegan.training.record import Record
from keras_stylegan.training.run_folder import RunFolder
from keras_stylegan.training.state import network_state, values

MODEL = {"resolution": 16, "z_dim": 8, "w_dim": 8, "mapping_layers": 2, "channel_base": 64, "channel_max": 8}
QUICK = {"mixing": 0, "interpolation": 0, "sweep": 0}


def make_run(path, conditional=False, channels=1, labels=None):
    """A run folder with a checkpoint of an untrained generator, and that generator."""
    names = labels.dtype.names[1:] if labels is not None else ()
    config = Config(model=ModelConfig(**MODEL, conditional=conditional, channels=channels, covariates=names))
    covariates = covariates_of(labels, names, 2 if conditional else 1) if names else ()
    generator = make_generator(config, class_count=2, covariates=covariates)
    generator.mapping.w_avg.assign(np.linspace(-1, 1, 8))
    for conv in generator.synthesis.convs:
        for variable in conv.weights:
            if variable.path.endswith("strength"):
                variable.assign(0.5)
    folder = RunFolder(path)
    folder.checkpoints.mkdir(parents=True)
    folder.write_config(config)
    arrays = values(network_state(generator, "generator_ema"))
    save(folder.checkpoints / "checkpoint_0000001500.npz", arrays, Record(config, ("AD", "NC"), "", 1500, covariates))
    return generator


def pixels(path):
    with Image.open(path) as file:
        return np.asarray(file).astype(int)


def sheet(path, factor):
    """A picture whose pixels were enlarged to `factor` x `factor`, as it was before."""
    large = pixels(path)
    small = large[::factor, ::factor]
    np.testing.assert_array_equal(large, np.kron(small, np.ones((factor, factor), int)))
    return small


def levels(images):
    return np.clip(np.rint((np.asarray(images) + 1) * 127.5), 0, 255)[..., 0]
