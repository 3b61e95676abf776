"""Options of augmentation."""

from dataclasses import dataclass

from keras_stylegan.config.checks import require, require_types


@dataclass(frozen=True)
class AugmentConfig:
    """Changes to the images as they are shown to the discriminator."""

    horizontal_flip: bool = True
    """Mirror every real image left to right with probability 0.5."""
    clip_leak: float = 1.0
    """What generated values exceed black or white by shrinks to this share before the discriminator sees it: padding,
    exactly black in real images, is then no cue to live on. 0.1 is a good value; 1 changes nothing."""

    def __post_init__(self) -> None:
        require_types(self)
        require(0 < self.clip_leak <= 1, "augment.clip_leak", "in (0, 1]", self.clip_leak)
