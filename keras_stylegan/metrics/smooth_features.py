"""The untrained embedding, blind to texture: what is left of a difference is one of shape."""

import numpy as np
from scipy import ndimage

from keras_stylegan.metrics.random_features import RandomFeatures

BLACK = 16
"""Grey levels of 255 below which a pixel counts as background. Real padding is exactly 0, generated borders are not."""
PARTS = 64
"""What is finer than this part of an image is smoothed away."""


class SmoothFeatures:
    """`RandomFeatures` of images whose background is black and whose texture is smoothed away, real ones alike.

    'random' looks at the finest detail, so that a faint pattern at the borders, or grain that is a little too soft,
    sets every generated image apart, however right its anatomy and however varied. Where 'random' finds a shortfall
    and 'smooth' does not, it is one of texture; where both do, of shape.

    Args:
        seed: Seed of the weights, as for `RandomFeatures`.
    """

    def __init__(self, seed: int = 0) -> None:
        self._features = RandomFeatures(seed)
        self.name = "smooth" if seed == 0 else f"smooth-seed{seed}"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """float32 (N, H, W, 1 or 3) in [-1, 1] to float32 (N, D)."""
        images = np.asarray(images, np.float32)
        images = np.where(images < BLACK * 2 / 255 - 1, np.float32(-1), images)
        sigma = max(images.shape[1:3]) / PARTS
        return self._features(ndimage.gaussian_filter(images, (0, sigma, sigma, 0)))
