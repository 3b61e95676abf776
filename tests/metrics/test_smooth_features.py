"""Features that are blind to texture."""

import numpy as np

from keras_stylegan.data.phantom import phantom_images
from keras_stylegan.metrics.images import as_float
from keras_stylegan.metrics.random_features import RandomFeatures
from keras_stylegan.metrics.smooth_features import SmoothFeatures

IMAGES = phantom_images(16, 64, seed=0).images
RNG = np.random.default_rng(0)


def seen(change):
    """Mean distance from an image to its changed self, by both extractors, in units of that to another image."""
    changed, found = change(IMAGES.astype(int)).clip(0, 255).astype(np.uint8), []
    for extractor in (RandomFeatures(), SmoothFeatures()):
        first, second = extractor(as_float(IMAGES)), extractor(as_float(changed))
        others = np.linalg.norm(first - np.roll(first, 1, axis=0), axis=1).mean()
        found.append(np.linalg.norm(second - first, axis=1).mean() / others)
    return found


def test_faint_borders_and_grain_are_not_seen():
    random, smooth = seen(lambda images: np.where(images < 15, RNG.integers(0, 15, images.shape), images))
    assert random > 0.2 and smooth < 0.01
    random, smooth = seen(lambda images: images + RNG.integers(-15, 16, images.shape) * (images > 60))
    assert smooth < random / 3


def test_shape_is_seen():
    random, smooth = seen(lambda images: np.roll(images, 4, axis=2))
    assert min(random, smooth) > 0.3
