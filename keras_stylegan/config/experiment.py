"""All options of an experiment."""

from dataclasses import dataclass, field

from keras_stylegan.config.augment import AugmentConfig
from keras_stylegan.config.checks import require, require_types
from keras_stylegan.config.data import DataConfig
from keras_stylegan.config.loss import LossConfig
from keras_stylegan.config.model import ModelConfig
from keras_stylegan.config.optimizer import OptimizerConfig
from keras_stylegan.config.training import TrainingConfig


@dataclass(frozen=True)
class Config:
    """One experiment."""

    model: ModelConfig = field(default_factory=ModelConfig)
    """The networks."""
    loss: LossConfig = field(default_factory=LossConfig)
    """The losses."""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    """The optimizers."""
    data: DataConfig = field(default_factory=DataConfig)
    """The images."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """Augmentation."""
    training: TrainingConfig = field(default_factory=TrainingConfig)
    """The run."""

    def __post_init__(self) -> None:
        require_types(self)
        group = min(self.model.mbstd_group_size, self.training.batch_size)
        require(
            self.training.batch_size % group == 0,
            "training.batch_size",
            f"a multiple of model.mbstd_group_size ({group})",
            self.training.batch_size,
        )
