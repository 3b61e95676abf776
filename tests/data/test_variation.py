"""Variation of real images: against scipy, in its statistics, and the same again."""

import keras_cv
import numpy as np
import pytest
from scipy.interpolate import BSpline
from scipy.ndimage import gaussian_filter, laplace

from keras_stylegan.data.variation import Variation, basis, variation
from keras_stylegan.data.variation_draws import CONTROLS, NORMALS, draws


def smooth_images(count=4, size=32, seed=0):
    noise = np.random.default_rng(seed).standard_normal((count, size, size))
    images = gaussian_filter(noise, (0, 3, 3))
    return (images / np.abs(images).max()).astype(np.float32)[..., None]


def test_it_is_a_layer_of_keras_cv():
    assert issubclass(Variation, keras_cv.layers.BaseImageAugmentationLayer)


@pytest.mark.parametrize(("size", "controls"), [(32, 7), (64, 4)])
def test_fields_are_cubic_splines_of_unit_variance(size, controls):
    matrix = basis(size, controls)
    np.testing.assert_allclose(np.square(matrix).sum(axis=1), 1, rtol=1e-5)
    # Up to the scale of every row a spline of the control points, by scipy's own evaluation.
    points = np.random.default_rng(0).standard_normal(controls)
    spline = BSpline(np.arange(-3, controls + 1) / (controls - 3), points, 3)
    places = (np.arange(size) + 0.5) / size
    scale = matrix.sum(axis=1)
    np.testing.assert_allclose(matrix @ points / scale, spline(places), atol=1e-5)


def test_a_smooth_image_is_read_at_the_displaced_points():
    # An image that is linear down and across: the value tells the place, and a cubic is exact on it.
    size = 32
    rows, columns = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    images = np.stack([rows, columns]).astype(np.float32)[..., None] / size - 0.5
    normals = np.repeat(draws(0, 0, np.array([5])), 2, axis=0)
    controls = CONTROLS["elastic"]
    grids = normals[0, : 2 * controls**2].reshape(2, controls, controls)
    down, across = (0.02 * size * basis(size, controls) @ grid @ basis(size, controls).T for grid in grids)
    moved = size * (variation(0.02, 0.0)(images, normals)[..., 0] + 0.5)
    inside = (slice(4, -4), slice(4, -4))
    np.testing.assert_allclose((moved[1] - columns)[inside], across[inside], atol=1e-3)
    # Down first: the row is that of the place that is read across.
    read = np.array([np.interp(columns[row] + across[row], columns[row], (rows + down)[row]) for row in range(size)])
    np.testing.assert_allclose(moved[0][inside], read[inside], atol=0.05)


def test_displacements_and_factors_have_the_deviations_that_were_asked_for():
    normals = draws(1, 0, np.arange(400))
    layer = Variation(0.02, 0.1)
    found = [layer.get_random_transformation(np.zeros((32, 32, 1), np.float32), row) for row in normals]
    displacements, factors = (np.array([pair[place] for pair in found]) for place in (0, 1))
    np.testing.assert_allclose(displacements.std(axis=0), 0.02 * 32, rtol=0.25)
    np.testing.assert_allclose(displacements.std(), 0.02 * 32, rtol=0.03)
    np.testing.assert_allclose(np.log(factors).std(), 0.1, rtol=0.05)
    np.testing.assert_allclose(np.log(factors).mean(), 0, atol=0.02)


def test_black_stays_black_and_texture_stays():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (8, 64, 64, 1)).astype(np.float32)
    texture = gaussian_filter(noise, (0, 1, 1, 0))
    padded = np.pad(texture[:, 16:-16, 16:-16], ((0, 0), (16, 16), (16, 16), (0, 0)), constant_values=-1)
    varied = variation(0.02, 0.1)(padded, draws(0, 0, np.arange(8)))
    assert (varied[:, :8] == -1).all() and varied.min() >= -1 and varied.max() <= 1
    moved = variation(0.01, 0.0)(padded, draws(0, 0, np.arange(8)))
    before, after = (np.square(laplace(images[:, 24:40, 24:40, 0])).mean() for images in (padded, moved))
    # A linear interpolation leaves 0.72 of it.
    assert 0.85 < after / before < 1.15


def test_without_strength_nothing_changes():
    images = smooth_images()
    np.testing.assert_allclose(variation(0.0, 0.0)(images, draws(0, 0, np.arange(4))), images, atol=1e-6)


def test_an_image_of_an_epoch_is_the_same_again_whatever_stands_beside_it():
    images, vary = smooth_images(6), variation(0.03, 0.2)
    whole = vary(images, draws(3, 7, np.arange(6)))
    part = vary(images[[4, 1]], draws(3, 7, np.array([4, 1])))
    np.testing.assert_array_equal(part, whole[[4, 1]])
    for other in (draws(3, 8, np.arange(6)), draws(4, 7, np.arange(6))):
        assert np.abs(vary(images, other) - whole).max() > 0.01
    assert whole.shape == images.shape and draws(0, 0, np.arange(3)).shape == (3, NORMALS)


def test_draws_are_those_of_philox():
    key, counter = np.array([9, 2], np.uint64), np.array([0, 0, 5, 3], np.uint64)
    expected = np.random.Generator(np.random.Philox(key=key, counter=counter)).standard_normal(NORMALS)
    np.testing.assert_array_equal(draws(9, 5, np.array([2]))[0], expected.astype(np.float32))
