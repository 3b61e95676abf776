"""All options of an experiment."""

from dataclasses import dataclass, field

from keras_stylegan.config.augment import AugmentConfig
from keras_stylegan.config.checks import require, require_types
from keras_stylegan.config.data import DataConfig
from keras_stylegan.config.growing import GrowingConfig
from keras_stylegan.config.loss import LossConfig
from keras_stylegan.config.model import ModelConfig
from keras_stylegan.config.optimizer import OptimizerConfig
from keras_stylegan.config.schedule import ScheduleConfig
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
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    """Options that change over the run: pairs of kimg and value, from 0 kimg to the end of the run (0 2 100 0.2)."""
    growing: GrowingConfig = field(default_factory=GrowingConfig)
    """Progressive growing."""
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
        for name in ("r1_gamma", "r2_gamma"):
            pairs = getattr(self.schedule, name)
            require(
                not pairs or getattr(self.loss, name) > 0,
                f"schedule.{name}",
                f"left out while loss.{name} is 0, which turns that penalty off",
                pairs,
            )
        require(
            not self.schedule.augment_strength or self.augment.strength is not None,
            "schedule.augment_strength",
            "left out while augment.strength is None, which adapts it",
            self.schedule.augment_strength,
        )
        self.growing.require_fit(self.model, self.optimizer, self.training)
        if self.training.total_kimg is not None:
            self.schedule.require_cover(self.training.total_kimg)
