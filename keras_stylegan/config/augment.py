"""Options of augmentation."""

from dataclasses import dataclass

from keras_stylegan.config.checks import require_at_least, require_at_most, require_types


@dataclass(frozen=True)
class AugmentConfig:
    """Changes to the images as they are shown to the discriminator."""

    horizontal_flip: bool = True
    """Mirror every real image left to right with probability 0.5."""
    grey_noise: float = 0.0
    """Uniform noise of ± so many grey levels (of 255) on real and generated images before the discriminator; 1 hides
    that real padding is exactly black. Images that are written, evaluated or exported have none; 0 turns it off."""

    def __post_init__(self) -> None:
        require_types(self)
        require_at_least(self, 0, "grey_noise")
        # The whole range.
        require_at_most(self, 255, "grey_noise")
