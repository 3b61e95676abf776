import numpy as np
import pytest

from keras_stylegan.metrics.random_features import RandomFeatures


def slow_layer(maps, kernel):
    """Convolution with stride 2, edge padding and ReLU of (H, W, C), in loops."""
    size = len(kernel)
    half = size // 2
    padded = np.pad(maps, ((half, half), (half, half), (0, 0)), mode="edge")
    rows, columns = -(-maps.shape[0] // 2), -(-maps.shape[1] // 2)
    result = np.zeros((rows, columns, kernel.shape[-1]))
    for i in range(rows):
        for j in range(columns):
            patch = padded[2 * i : 2 * i + size, 2 * j : 2 * j + size]
            result[i, j] = np.maximum((patch[..., None] * kernel).sum(axis=(0, 1, 2)), 0)
    return result


def he_normal(extractor_seed, key, shape, fan_in):
    words = [extractor_seed, *key, *shape]
    generator = np.random.RandomState(np.random.Philox(np.random.SeedSequence(words)))
    return generator.standard_normal(shape) * np.sqrt(2 / fan_in)


def test_equals_the_definition_in_loops():
    image = np.random.default_rng(0).uniform(-1, 1, (8, 8, 3))
    first = he_normal(0, [6, 0], (5, 5, 3, 32), 75)
    first[..., ::2] -= first[..., ::2].mean(axis=(0, 1))
    projection = he_normal(0, [10, 512], (512, 128), 512)
    parts = []
    for pixels in (image, np.full((8, 8, 3), -1.0)):
        maps = slow_layer(pixels, first)  # 4 x 4: already the last layer
        parts.append(np.concatenate([maps.sum(axis=(0, 1)) / 4, maps.reshape(-1) @ projection]) / 5)
    result = RandomFeatures()(image[None].astype(np.float32))
    np.testing.assert_allclose(result[0], parts[0] - parts[1], rtol=1e-4, atol=1e-5)


def test_weights_are_those_of_every_machine():
    """The first weight of the first layer, worked out from numpy 2.4's frozen legacy stream."""
    weights = RandomFeatures()._normal(("kernel", 0), (5, 5, 3, 32), 75)
    np.testing.assert_allclose(weights.ravel()[:3], he_normal(0, [6, 0], (5, 5, 3, 32), 75).ravel()[:3], rtol=1e-6)
    assert weights.std() == pytest.approx(np.sqrt(2 / 75), rel=0.05)


@pytest.mark.parametrize(("size", "width"), [(8, 160), (16, 224), (32, 224), (64, 224), (48, 224)])
def test_sizes(size, width):
    images = np.random.default_rng(1).uniform(-1, 1, (3, size, size, 1)).astype(np.float32)
    result = RandomFeatures()(images)
    assert result.shape == (3, width) and result.dtype == np.float32


def test_grey_equals_three_equal_channels_and_batches_do_not_matter():
    images = np.random.default_rng(2).uniform(-1, 1, (70, 16, 16, 1)).astype(np.float32)
    result = RandomFeatures()(images)
    np.testing.assert_allclose(result, RandomFeatures()(np.repeat(images, 3, axis=-1)), atol=1e-4)
    np.testing.assert_allclose(result[65:], RandomFeatures()(images[65:]), atol=1e-5)


def test_black_is_the_origin_and_seeds_differ():
    images = np.random.default_rng(3).uniform(-1, 1, (2, 16, 16, 1)).astype(np.float32)
    np.testing.assert_allclose(RandomFeatures()(np.full((1, 16, 16, 1), -1, np.float32)), 0, atol=1e-5)
    assert RandomFeatures(1).name == "random-seed1" and RandomFeatures().name == "random"
    assert np.abs(RandomFeatures(1)(images) - RandomFeatures()(images)).max() > 0.1
