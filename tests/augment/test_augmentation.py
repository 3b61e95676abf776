"""What the discriminator is shown."""

from types import SimpleNamespace

import numpy as np

from keras_stylegan.augment.augmentation import Augmentation


def test_without_augmentation_nothing_is_drawn_and_nothing_changes():
    images = np.zeros((2, 4, 4, 1), np.float32)
    assert Augmentation()(images, draws=None) is images


def test_every_value_has_noise_of_its_own():
    draws = SimpleNamespace(uniform=lambda images: np.arange(32).reshape(images.shape) / 32)
    found = Augmentation(grey_noise=1.0)(np.zeros((2, 4, 4, 1)), draws)
    np.testing.assert_allclose(found.ravel() * 127.5, np.arange(-16, 16) / 16, atol=1e-12)
