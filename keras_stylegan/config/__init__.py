"""Every option, its default and its validation. Standard library only, so that `--help` is instant.

The defaults are the recipe for ADNI's AD_NC folder: WGAN-GP (weight 10) with R1 (0.001), Adam for the generator, the
mapping network and the discriminator, batch 64, z = w = 512, 64x64 pixels, 100 epochs at 1e-4 and 50 at 1e-5,
horizontal flips. The docstring under a field is its help text on the command line.
"""

from keras_stylegan.config.augment import AugmentConfig
from keras_stylegan.config.data import DataConfig
from keras_stylegan.config.experiment import Config
from keras_stylegan.config.growing import GrowingConfig
from keras_stylegan.config.loss import LossConfig
from keras_stylegan.config.model import ModelConfig
from keras_stylegan.config.optimizer import OptimizerConfig
from keras_stylegan.config.schedule import ScheduleConfig
from keras_stylegan.config.training import TrainingConfig

__all__ = [
    "AugmentConfig",
    "Config",
    "DataConfig",
    "GrowingConfig",
    "LossConfig",
    "ModelConfig",
    "OptimizerConfig",
    "ScheduleConfig",
    "TrainingConfig",
]
