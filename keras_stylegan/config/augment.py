"""Options of augmentation."""

from dataclasses import dataclass

from keras_stylegan.config.checks import require_types


@dataclass(frozen=True)
class AugmentConfig:
    """Changes to the real images as they are shown to the discriminator."""

    horizontal_flip: bool = True
    """Mirror every image left to right with probability 0.5."""

    def __post_init__(self) -> None:
        require_types(self)
