import numpy as np
import pytest

from keras_stylegan.data.phantom import phantom_images
from keras_stylegan.data.phantom_anatomy import ventricle_area_mm2
from keras_stylegan.errors import InputError
from keras_stylegan.metrics.appearance import appearance


def test_of_a_drawn_head():
    """40x40 black, a head of 20x20 of grey 200, and in its middle 4x4 of grey 30."""
    image = np.zeros((1, 40, 40, 1), np.uint8)
    image[0, 5:25, 10:30] = 200
    image[0, 13:17, 18:22] = 30
    found = appearance(image)
    assert found.foreground[0] == pytest.approx(400 / 1600)
    assert found.brightness[0] == pytest.approx((384 * 200 + 16 * 30) / 400 / 255)
    # An ellipse of half axes 7 pixels around the middle of the head.
    rows, columns = np.mgrid[:40, :40]
    ellipse = (rows - 14.5) ** 2 + (columns - 19.5) ** 2 <= 49
    assert found.dark_middle[0] == pytest.approx(16 / ellipse.sum())


def test_the_dark_middle_follows_the_ventricles_of_phantoms():
    """The exact area comes from the outline that the phantoms are drawn from."""
    drawn = phantom_images(600, 64, seed=3)
    area = np.array([ventricle_area_mm2(factors) for factors in drawn.factors])
    assert np.corrcoef(appearance(drawn.images).dark_middle, area)[0, 1] > 0.9


def test_colour_counts_by_its_mean_and_floats_as_integers():
    images = np.random.default_rng(0).integers(0, 255, (3, 16, 16, 1)).astype(np.uint8)
    grey = appearance(images)
    np.testing.assert_allclose(appearance(np.repeat(images, 3, axis=-1)), grey, atol=1e-6)
    np.testing.assert_allclose(appearance(images / np.float32(127.5) - 1), grey, atol=1e-6)


def test_background_alone_has_no_brightness():
    found = appearance(np.zeros((2, 8, 8, 1), np.uint8))
    assert np.all(found.foreground == 0) and np.all(np.isnan(found.brightness)) and np.all(np.isnan(found.dark_middle))


def test_no_images():
    with pytest.raises(InputError, match="images must have shape"):
        appearance(np.zeros((4, 8, 8)))
