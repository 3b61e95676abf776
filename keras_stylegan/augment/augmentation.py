"""All changes to images between their maker and the discriminator, in one call."""

from dataclasses import dataclass
from typing import Any

from keras_stylegan.augment.grey_noise import add_grey_noise


@dataclass(frozen=True)
class Augmentation:
    """What is done to every image that the discriminator sees: real, generated and mixed ones, penalties included.

    Gradients by the images go through it: a penalty's is that of D(augmented x) by x. Images are changed for the
    discriminator alone, not where they are drawn, evaluated or exported.
    """

    grey_noise: float = 0.0
    """See `add_grey_noise`; 0 for none."""

    def __call__(self, images: Any, draws: Any) -> Any:
        """Images as the discriminator sees them.

        Args:
            images: (N, H, W, C) in [-1, 1].
            draws: `training.draws.Draws`, asked for random numbers only where there is something to draw.
        """
        if self.grey_noise:
            images = add_grey_noise(images, draws.uniform(images), self.grey_noise)
        return images
