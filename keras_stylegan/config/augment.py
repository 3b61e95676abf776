"""Options of augmentation."""

from dataclasses import dataclass
from typing import Literal

from keras_stylegan.config.checks import require, require_at_most, require_positive, require_types
from keras_stylegan.config.limits import MOST_KIMG

Operation = Literal[
    "flip",
    "shift",
    "rotation",
    "scale",
    "stretch",
    "translation",
    "bias_field",
    "blur",
    "ringing",
    "spikes",
    "noise",
    "gain",
    "brightness",
    "gamma",
    "contrast",
    "cutout",
    "blit",
    "geometry",
    "scanner",
    "intensity",
    "diffaugment",
]


@dataclass(frozen=True)
class AugmentConfig:
    """Changes to the images as they are shown to the discriminator."""

    horizontal_flip: bool = True
    """Mirror every real image left to right with probability 0.5."""
    real_elastic: float = 0.0
    """Deform every real image as heads differ, which the generator learns: standard deviation of the displacement as a
    share of the shorter side, 0.01 to 0.02 is mild. Needs keras_cv."""
    real_bias_field: float = 0.0
    """Make every real image smoothly brighter and darker as coils do, which the generator learns: standard deviation of
    the logarithm of the factor, 0.05 to 0.1 is mild. Needs keras_cv."""
    clip_leak: float = 1.0
    """What generated values exceed black or white by shrinks to this share before the discriminator sees it: padding,
    exactly black in real images, is then no cue to live on. 0.1 is a good value; 1 changes nothing."""
    operations: tuple[Operation, ...] = ()
    """For few subjects: changes to real and generated images alike, which the generator does not learn. The groups
    'blit', 'geometry', 'scanner' and 'intensity' have all of their kind, 'diffaugment' is a fixed policy (strength 1).
    Ranges: keras_stylegan/augment/README.md; pictures: prepare --augmentations."""
    strength: float | None = None
    """Probability of every operation; None adapts it to how well the discriminator tells real from generated."""
    ada_target: float = 0.6
    """Mean sign of the discriminator's score of real images that an adaptive strength keeps; of the difference to that
    of generated ones where the loss is 'relativistic' or 'wgan-gp'."""
    ada_kimg: float = 100.0
    """Thousands of images in which an adaptive strength may go from 0 to 1; 50 to 100 for runs of up to 400 kimg (the
    paper's 500 are for 25,000)."""

    def __post_init__(self) -> None:
        require_types(self)
        require(0 <= self.real_elastic <= 0.05, "augment.real_elastic", "from 0 to 0.05", self.real_elastic)
        require(0 <= self.real_bias_field <= 0.5, "augment.real_bias_field", "from 0 to 0.5", self.real_bias_field)
        require(0 < self.clip_leak <= 1, "augment.clip_leak", "in (0, 1]", self.clip_leak)
        legal = self.strength is None or 0 <= self.strength <= 1
        require(legal, "augment.strength", "in [0, 1], or None to adapt it", self.strength)
        require(
            self.strength is None or self.operations,
            "augment.strength",
            "left out while augment.operations names none",
            self.strength,
        )
        require(-1 < self.ada_target < 1, "augment.ada_target", "above -1 and below 1", self.ada_target)
        require_positive(self, "ada_kimg")
        require_at_most(self, MOST_KIMG, "ada_kimg")
        alone = "diffaugment" not in self.operations or len(self.operations) == 1
        require(alone, "augment.operations", "'diffaugment' alone, or others", self.operations)
