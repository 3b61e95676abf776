import numpy as np
import pytest
from scipy.spatial import geometric_slerp

from keras_stylegan.latent.interpolation import interpolate, lerp, slerp


def test_slerp_of_unit_vectors_is_scipys():
    rng = np.random.default_rng(0)
    start, end = (vector / np.linalg.norm(vector) for vector in rng.normal(size=(2, 5)))
    fractions = np.linspace(0, 1, 7)
    path = np.stack([slerp(start, end, t) for t in fractions])
    np.testing.assert_allclose(path, geometric_slerp(start, end, fractions), atol=1e-12)


def test_slerp_of_parallel_vectors_is_linear():
    np.testing.assert_allclose(slerp(np.array([1.0, 2.0]), np.array([2.0, 4.0]), 0.25), [1.25, 2.5])
    assert np.isfinite(slerp(np.array([1.0, 2.0]), np.array([-1.0, -2.0]), 0.5)).all()


def test_lerp():
    np.testing.assert_allclose(lerp(np.array([0.0, 4.0]), np.array([1.0, 0.0]), 0.25), [0.25, 3.0])


@pytest.mark.parametrize("spherical", [False, True])
def test_closed_path_visits_every_point_and_returns(spherical):
    points = np.random.default_rng(1).normal(size=(3, 2, 4)).astype(np.float32)
    path = interpolate(points, 5, spherical=spherical, closed=True)
    assert path.shape == (15, 2, 4) and path.dtype == np.float32
    np.testing.assert_allclose(path[::5], points, atol=1e-6)
    # Without a jump at the seam: the step back to the first point is like the others between 2 and 0.
    steps = np.linalg.norm(np.diff(np.concatenate([path, path[:1]]), axis=0).reshape(15, -1), axis=1)
    np.testing.assert_allclose(steps[14], steps[10], rtol=0.2)


def test_open_path_ends_at_the_last_point():
    path = interpolate(np.array([[0.0], [1.0], [3.0]]), 2)
    np.testing.assert_allclose(path[:, 0], [0, 0.5, 1, 2, 3])
