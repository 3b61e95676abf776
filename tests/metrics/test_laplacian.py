import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from keras_stylegan.errors import InputError
from keras_stylegan.metrics import laplacian
from keras_stylegan.metrics.laplacian import expanded, laplacian_pyramid, reduced, sliced_wasserstein


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 88)])
def test_pyramid_adds_up_to_the_image(height, width):
    images = np.random.default_rng(0).standard_normal((2, height, width, 3)).astype(np.float32)
    levels = laplacian_pyramid(images)
    assert [level.shape[1:3] for level in levels] == [(height >> k, width >> k) for k in range(3)]
    rebuilt = levels[2]
    for level in (levels[1], levels[0]):
        rebuilt = expanded(rebuilt) + level
    np.testing.assert_allclose(rebuilt, images, atol=1e-5)


def test_filters_keep_constants():
    flat = np.full((1, 32, 32, 1), 0.7, np.float32)
    np.testing.assert_allclose(reduced(flat), 0.7, atol=1e-6)
    np.testing.assert_allclose(expanded(flat), 0.7, atol=1e-6)
    assert np.abs(laplacian_pyramid(flat)[0]).max() < 1e-6


def test_reduction_by_hand():
    ramp = np.zeros((1, 8, 8, 1), np.float32)
    ramp[0, 4, 4] = 256  # 16 x 16: the weights of [1 4 6 4 1] become integers
    expected = np.zeros((4, 4))
    expected[1:4, 1:4] = np.outer([1, 6, 1], [1, 6, 1])
    np.testing.assert_allclose(reduced(ramp)[0, :, :, 0], expected, atol=1e-5)


def test_distance_along_a_direction_equals_scipy():
    rng = np.random.default_rng(1)
    first, second, direction = rng.standard_normal((300, 5)), rng.standard_normal((300, 5)) + 1, np.eye(5)[:, :1]
    expected = wasserstein_distance(first[:, 0], second[:, 0])
    assert laplacian._distances(first, second, direction)[0] == pytest.approx(expected)


def test_equal_statistics_are_close_and_smooth_images_far():
    rng = np.random.default_rng(2)
    first, second = rng.standard_normal((2, 60, 32, 32, 1)).astype(np.float32).clip(-3, 3) / 3
    smooth = expanded(reduced(second))
    floor, far = sliced_wasserstein(first[:60], second), sliced_wasserstein(smooth, second)
    assert set(floor) == {"32", "16", "mean"}
    assert far["32"].value > 5 * floor["32"].value
    assert far["mean"].value == pytest.approx((far["32"].value + far["16"].value) / 2)
    assert far["mean"].generated_count == 60


def test_constant_images_are_finite():
    noise = np.random.default_rng(3).standard_normal((10, 16, 16, 1)).astype(np.float32) / 5
    assert np.isfinite(sliced_wasserstein(np.zeros_like(noise), noise)["mean"].value)


def test_bad_input():
    images = np.zeros((4, 8, 8, 1), np.float32)
    with pytest.raises(InputError, match=r"needs 16 pixels. Received: \(8, 8\)"):
        sliced_wasserstein(images, images)
    with pytest.raises(InputError, match="at least 2 images on each side. Received: 1"):
        sliced_wasserstein(images[:1], images)
