import numpy as np
import pytest
from PIL import Image

from keras_stylegan.data.fit import border_median, crop_to, enlarges, fit_to, luma, pad_to, rectangle, resize
from keras_stylegan.errors import InputError


def test_border_median_sees_the_border_only():
    image = np.full((5, 4, 1), 200, np.uint8)
    image[0], image[-1], image[:, 0], image[:, -1] = 7, 7, 7, 7
    image[0, 0] = 250
    assert border_median(image).tolist() == [7]


def test_padding_centres_a_portrait_image_on_its_background():
    image = np.full((4, 2, 1), 9, np.uint8)
    image[1:3, 0] = 100
    square = pad_to(image, 4, 4)
    assert square[..., 0].tolist() == [[9, 9, 9, 9], [9, 100, 9, 9], [9, 100, 9, 9], [9, 9, 9, 9]]


def test_padding_takes_the_given_background_and_each_channels_median():
    image = np.zeros((2, 4, 3), np.uint8) + np.array([10, 20, 30], np.uint8)
    assert pad_to(image, 4, 4, background=5)[0, 0].tolist() == [5, 5, 5]
    assert pad_to(image, 4, 4)[0, 0].tolist() == [10, 20, 30]
    assert pad_to(image, 4, 4)[1:3].tolist() == image.tolist()


def test_background_outside_the_type_is_refused():
    with pytest.raises(InputError, match=r"data\.background must be at most 255 .* Received: 256"):
        pad_to(np.zeros((2, 4, 1), np.uint8), 4, 4, 256)
    assert pad_to(np.zeros((2, 4, 1), np.uint16), 4, 4, 256)[0, 0, 0] == 256


def test_crop_keeps_the_centre():
    image = np.arange(12, dtype=np.uint8).reshape(2, 6, 1)
    assert crop_to(image, 2, 2)[..., 0].tolist() == [[2, 3], [8, 9]]


def test_resize_equals_pillows_lanczos_for_8_bit():
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    expected = np.asarray(Image.fromarray(image).resize((8, 8), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(resize(image, (8, 8)), expected)


def test_downscaling_is_antialiased():
    # The finest checkerboard is far above the new Nyquist frequency, so only its mean may remain.
    checkerboard = (np.indices((64, 64)).sum(0) % 2 * 200).astype(np.uint8)[..., None]
    inside = resize(checkerboard, (8, 8))[1:-1, 1:-1].astype(int)
    assert np.abs(inside - 100).max() <= 2


def test_16_bit_keeps_more_than_8_bits():
    ramp = np.broadcast_to(np.arange(1000, 1064, dtype=np.uint16), (64, 64))[..., None]
    small = resize(ramp, (16, 16))[8, 2:-2, 0].astype(int)
    # Pixel k of the small image is the centre of the old pixels 4k to 4k + 3, at 1000 + 4k + 1.5.
    assert np.abs(small - (1000 + 4 * np.arange(2, 14) + 1.5)).max() <= 0.6
    assert small.tolist() == sorted(set(small.tolist()))


def test_overshoot_of_16_bit_is_clipped():
    edge = np.zeros((32, 32, 1), np.uint16)
    edge[:, 16:] = 65535
    small = resize(edge, (12, 12))
    assert small[6, 0, 0] < 700 and small[6, -1, 0] > 64800


def test_fitting_keeps_the_aspect_ratio():
    image = np.zeros((80, 40, 1), np.uint8)
    image[32:48, 12:28] = 255
    # Padded to 80 x 80 and divided by 4; or cut to 40 x 40 and divided by 2.
    padded = np.zeros((20, 20), bool)
    padded[8:12, 8:12] = True
    np.testing.assert_array_equal(fit_to(image, (20, 20))[..., 0] > 127, padded)
    cropped = np.zeros((20, 20), bool)
    cropped[6:14, 6:14] = True
    np.testing.assert_array_equal(fit_to(image, (20, 20), "crop")[..., 0] > 127, cropped)


@pytest.mark.parametrize(("fit", "expected"), [("pad", False), ("crop", True)])
def test_enlarges_looks_at_the_side_that_becomes_the_resolution(fit, expected):
    assert enlarges(40, 64, (64, 64), fit) is expected
    assert enlarges(63, 63, (64, 64), fit)
    assert not enlarges(64, 64, (64, 64), fit)


def test_luma_of_primary_colours():
    image = np.diag([255, 255, 255]).astype(np.uint8)[None]
    assert luma(image)[0, :, 0].tolist() == [76, 150, 29]
    assert luma(np.full((1, 1, 3), 255, np.uint8)).tolist() == [[[255]]]


@pytest.mark.parametrize(
    ("height", "width", "fit", "expected"),
    [
        # 176 x 208 is 11 : 13.
        (352, 416, "pad", (352, 416)),
        (352, 416, "crop", (352, 416)),
        (110, 260, "pad", (220, 260)),
        (110, 260, "crop", (110, 130)),
        (220, 130, "pad", (220, 260)),
        (220, 130, "crop", (110, 130)),
        (100, 100, "pad", (100, 1300 / 11)),
        (100, 100, "crop", (1100 / 13, 100)),
    ],
)
def test_what_becomes_a_rectangle_has_its_proportions(height, width, fit, expected):
    assert rectangle(height, width, (176, 208), fit) == pytest.approx(expected, rel=1e-12)


def test_an_image_of_the_right_size_stays_as_it_is():
    image = np.random.default_rng(0).integers(0, 65536, (26, 22, 1)).astype(np.uint16)
    for fit in ("pad", "crop"):
        np.testing.assert_array_equal(fit_to(image, (26, 22), fit), image)
    wide = fit_to(image, (26, 30), "pad", background=7)
    np.testing.assert_array_equal(wide[:, 4:26], image)
    assert (wide[:, :4] == 7).all() and (wide[:, 26:] == 7).all()
    np.testing.assert_array_equal(fit_to(image, (20, 22), "crop"), image[3:23])


@pytest.mark.parametrize("fit", ["pad", "crop"])
@pytest.mark.parametrize("size", [(44, 52), (52, 44), (64, 64), (31, 77)])
@pytest.mark.parametrize("shape", [(256, 256), (301, 190), (176, 208)])
def test_a_circle_stays_a_circle(shape, size, fit):
    height, width = shape
    rows, columns = np.indices(shape)
    radius = 30.0
    distance = np.hypot(rows - (height - 1) / 2, columns - (width - 1) / 2)
    circle = (255 * np.clip(radius + 0.5 - distance, 0, 1)).astype(np.uint8)[..., None]
    fitted = fit_to(circle, size, fit, background=0)[..., 0].astype(float) / 255
    assert fitted.shape == size
    # Second moments of a disc of radius r are r² / 4 along both axes; the scale is that of the side that fills.
    ratios = (size[0] / height, size[1] / width)
    expected = radius * (min(ratios) if fit == "pad" else max(ratios))
    mass = fitted.sum()
    for axis, side in enumerate(size):
        profile, places = fitted.sum(axis=1 - axis), np.arange(side)
        centre = (profile * places).sum() / mass
        found = 2 * np.sqrt((profile * (places - centre) ** 2).sum() / mass)
        # Within one pixel of the image and, as pixels have a size of their own, 0.2 of the result.
        assert abs(centre - (side - 1) / 2) < max(ratios)
        assert found == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize(
    ("height", "width", "fit", "expected"),
    [(176, 10, "pad", False), (10, 208, "pad", False), (175, 207, "pad", True), (176, 207, "crop", True)],
)
def test_enlarging_into_a_rectangle(height, width, fit, expected):
    assert enlarges(height, width, (176, 208), fit) is expected
