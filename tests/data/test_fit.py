import numpy as np
import pytest
from PIL import Image

from keras_stylegan.data.fit import border_median, crop_to_square, enlarges, fit_square, luma, pad_to_square, resize
from keras_stylegan.errors import InputError


def test_border_median_sees_the_border_only():
    image = np.full((5, 4, 1), 200, np.uint8)
    image[0], image[-1], image[:, 0], image[:, -1] = 7, 7, 7, 7
    image[0, 0] = 250
    assert border_median(image).tolist() == [7]


def test_padding_centres_a_portrait_image_on_its_background():
    image = np.full((4, 2, 1), 9, np.uint8)
    image[1:3, 0] = 100
    square = pad_to_square(image)
    assert square[..., 0].tolist() == [[9, 9, 9, 9], [9, 100, 9, 9], [9, 100, 9, 9], [9, 9, 9, 9]]


def test_padding_takes_the_given_background_and_each_channels_median():
    image = np.zeros((2, 4, 3), np.uint8) + np.array([10, 20, 30], np.uint8)
    assert pad_to_square(image, background=5)[0, 0].tolist() == [5, 5, 5]
    assert pad_to_square(image)[0, 0].tolist() == [10, 20, 30]
    assert pad_to_square(image)[1:3].tolist() == image.tolist()


def test_background_outside_the_type_is_refused():
    with pytest.raises(InputError, match=r"data\.background must be at most 255 .* Received: 256"):
        pad_to_square(np.zeros((2, 4, 1), np.uint8), 256)
    assert pad_to_square(np.zeros((2, 4, 1), np.uint16), 256)[0, 0, 0] == 256


def test_crop_keeps_the_centre():
    image = np.arange(12, dtype=np.uint8).reshape(2, 6, 1)
    assert crop_to_square(image)[..., 0].tolist() == [[2, 3], [8, 9]]


def test_resize_equals_pillows_lanczos_for_8_bit():
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    expected = np.asarray(Image.fromarray(image).resize((8, 8), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(resize(image, 8), expected)


def test_downscaling_is_antialiased():
    # The finest checkerboard is far above the new Nyquist frequency, so only its mean may remain.
    checkerboard = (np.indices((64, 64)).sum(0) % 2 * 200).astype(np.uint8)[..., None]
    inside = resize(checkerboard, 8)[1:-1, 1:-1].astype(int)
    assert np.abs(inside - 100).max() <= 2


def test_16_bit_keeps_more_than_8_bits():
    ramp = np.broadcast_to(np.arange(1000, 1064, dtype=np.uint16), (64, 64))[..., None]
    small = resize(ramp, 16)[8, 2:-2, 0].astype(int)
    # Pixel k of the small image is the centre of the old pixels 4k to 4k + 3, at 1000 + 4k + 1.5.
    assert np.abs(small - (1000 + 4 * np.arange(2, 14) + 1.5)).max() <= 0.6
    assert small.tolist() == sorted(set(small.tolist()))


def test_overshoot_of_16_bit_is_clipped():
    edge = np.zeros((32, 32, 1), np.uint16)
    edge[:, 16:] = 65535
    small = resize(edge, 12)
    assert small[6, 0, 0] < 700 and small[6, -1, 0] > 64800


def test_fit_square_keeps_the_aspect_ratio():
    image = np.zeros((80, 40, 1), np.uint8)
    image[32:48, 12:28] = 255
    # Padded to 80 x 80 and divided by 4; or cut to 40 x 40 and divided by 2.
    padded = np.zeros((20, 20), bool)
    padded[8:12, 8:12] = True
    np.testing.assert_array_equal(fit_square(image, 20)[..., 0] > 127, padded)
    cropped = np.zeros((20, 20), bool)
    cropped[6:14, 6:14] = True
    np.testing.assert_array_equal(fit_square(image, 20, "crop")[..., 0] > 127, cropped)


@pytest.mark.parametrize(("fit", "expected"), [("pad", False), ("crop", True)])
def test_enlarges_looks_at_the_side_that_becomes_the_resolution(fit, expected):
    assert enlarges(40, 64, 64, fit) is expected
    assert enlarges(63, 63, 64, fit)
    assert not enlarges(64, 64, 64, fit)


def test_luma_of_primary_colours():
    image = np.diag([255, 255, 255]).astype(np.uint8)[None]
    assert luma(image)[0, :, 0].tolist() == [76, 150, 29]
    assert luma(np.full((1, 1, 3), 255, np.uint8)).tolist() == [[[255]]]
