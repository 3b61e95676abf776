"""Options of augmentation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AugmentConfig:
    """Changes to the real images as they are shown to the discriminator."""

    horizontal_flip: bool = True
    """Mirror every image left to right with probability 0.5."""
