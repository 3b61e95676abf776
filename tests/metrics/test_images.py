import numpy as np
import pytest
from PIL import Image

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.images import as_float, check_images, resize


def test_scales():
    for dtype, top in ((np.uint8, 255), (np.uint16, 65535)):
        result = as_float(np.array([0, top], dtype))
        assert result.dtype == np.float32 and result.tolist() == pytest.approx([-1, 1])
    assert as_float(np.array([0.25])).tolist() == [0.25]


@pytest.mark.parametrize("size", [(5, 9), (32, 20), (16, 12)])
def test_resize_equals_pillow(size):
    image = np.random.default_rng(0).uniform(-1, 1, (16, 12)).astype(np.float32)
    expected = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR))
    np.testing.assert_allclose(resize(image[None, :, :, None], *size)[0, :, :, 0], expected, atol=1e-5)


def test_two_channels_are_refused():
    with pytest.raises(InputError, match=r"shape \(N, H, W, 1 or 3\) with N > 0. Received: \(1, 8, 8, 2\)"):
        check_images(np.zeros((1, 8, 8, 2), np.uint8), "held-out images")
    check_images(np.zeros((1, 8, 8, 3), np.uint8), "held-out images")


def test_estimate_as_json():
    assert Estimate(1.0, (0.5, 1.5), 3, 4, 0, "n").as_dict() == {
        "value": 1.0,
        "interval": (0.5, 1.5),
        "generated_count": 3,
        "reference_count": 4,
        "seed": 0,
        "note": "n",
        "floor": None,
    }
    assert Estimate(1.0, None, 3, 4).as_dict()["interval"] is None
