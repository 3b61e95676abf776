"""Grey values."""

import numpy as np
import pytest
import tensorflow as tf

from keras_stylegan.augment.intensity import contrasted, curvature_of, curved


@pytest.mark.parametrize("gamma", [0.76, 0.9, 1.1, 1.32])
def test_black_and_white_stay_and_the_middle_is_that_of_a_power(gamma):
    u = np.array([0, 0.5, 1], "float32").reshape(1, 1, 1, 3)
    curvature = np.asarray(curvature_of(np.full((1, 1, 1, 1), gamma, "float32")))
    np.testing.assert_allclose(np.ravel(curved(u, curvature)), [0, 0.5**gamma, 1], atol=1e-5)
    # Elsewhere within a grey level of 25.
    u = np.linspace(0, 1, 101, dtype="float32").reshape(1, 1, 1, -1)
    assert np.abs(np.asarray(curved(u, curvature)) - u**gamma).max() < 1 / 25


def test_a_straight_curve_has_straight_derivatives():
    u = tf.constant([[[[-0.5, 0.0, 0.7]]]])
    with tf.GradientTape() as outer:
        outer.watch(u)
        with tf.GradientTape() as inner:
            inner.watch(u)
            y = curved(u, tf.zeros((1, 1, 1, 1)))
        first = inner.gradient(y, u)
    assert np.array_equal(y, u) and np.array_equal(first, np.ones((1, 1, 1, 3)))
    assert np.all(np.isfinite(0 if (g := outer.gradient(first, u)) is None else g))


def test_contrast_is_about_the_mean_of_the_plane():
    planes = np.random.default_rng(0).uniform(size=(2, 2, 3, 4)).astype("float32")
    factor = np.array([0.8, 1.3], "float32").reshape(2, 1, 1, 1)
    result = np.asarray(contrasted(planes, factor))
    np.testing.assert_allclose(result.mean((2, 3)), planes.mean((2, 3)), rtol=1e-5)
    np.testing.assert_allclose(result.std((2, 3)), planes.std((2, 3)) * factor[:, :, 0, 0], rtol=1e-5)
