import numpy as np
import pytest
from scipy import ndimage

from keras_stylegan.latent.perceptual import PerceptualDistance
from keras_stylegan.metrics.random_features import RandomFeatures


def scipy_maps(image, kernels):
    """The image (H, W, C) and its maps by scipy's correlation, which repeats the edge in its mode 'nearest'."""
    found = [image.astype(np.float64)]
    for kernel in kernels:
        maps = []
        for filters in np.moveaxis(kernel, -1, 0):
            planes = [
                ndimage.correlate(found[-1][..., c], filters[..., c], mode="nearest") for c in range(filters.shape[-1])
            ]
            maps.append(np.maximum(np.sum(planes, axis=0)[::2, ::2], 0))
        found.append(np.stack(maps, axis=-1))
    return found


@pytest.mark.parametrize("shape", [(8, 8, 1), (10, 8, 3), (26, 22, 1)])
def test_equals_the_definition_by_scipy(shape):
    first, second = np.random.default_rng(0).uniform(-1, 1, (2, 3, *shape)).astype(np.float32)
    distance = PerceptualDistance(*shape)
    kernels = RandomFeatures().kernels(*shape)
    scales = [
        [np.mean((a - b) ** 2) for a, b in zip(scipy_maps(x, kernels), scipy_maps(y, kernels), strict=True)]
        for x, y in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(distance(first, second), np.sqrt(np.mean(scales, axis=1)), rtol=1e-4)
    assert [tuple(maps.shape[1:]) for maps in distance.maps(first)] == distance.shapes
    assert np.all(distance(first, first) == 0)


def test_every_scale_counts_about_as_much():
    """He's initialisation keeps the size of differences, so that no scale is lost or drowns the others."""
    first, second = np.random.default_rng(1).uniform(-1, 1, (2, 16, 32, 32, 1)).astype(np.float32)
    distance = PerceptualDistance(32, 32, 1)
    pairs = zip(distance.maps(first), distance.maps(second), strict=True)
    sizes = [float(np.mean((np.asarray(a) - np.asarray(b)) ** 2)) for a, b in pairs]
    assert max(sizes) < 30 * min(sizes)


def test_detail_that_is_moved_by_a_pixel_is_nearer_than_detail_that_is_missing():
    """What pixels alone get wrong: they prefer no detail at all to detail that lies beside its place."""
    rng = np.random.default_rng(2)
    image = ndimage.gaussian_filter(rng.normal(size=(8, 33, 33, 1)), (0, 0.7, 0.7, 0)).astype(np.float32)
    moved, here = image[:, :-1, 1:], image[:, :-1, :-1]
    missing = np.zeros_like(here) + here.mean(axis=(1, 2), keepdims=True)
    pixels = [np.sqrt(np.mean((here - other) ** 2)) for other in (moved, missing)]
    distance = PerceptualDistance(32, 32, 1)
    ours = [distance(here, other).mean() for other in (moved, missing)]
    assert ours[0] / ours[1] < pixels[0] / pixels[1]
