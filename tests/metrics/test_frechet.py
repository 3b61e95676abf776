import numpy as np
import pytest
from scipy import linalg

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.frechet import frechet, frechet_distance, gaussian_frechet_distance, matrix_square_root


def covariance(size, rng):
    factor = rng.standard_normal((size, 2 * size))
    return factor @ factor.T / (2 * size)


def test_commuting_gaussians_have_a_closed_form():
    mean, first, second = np.array([3.0, -4.0, 0.0]), np.array([1.0, 4.0, 9.0]), np.array([4.0, 4.0, 1.0])
    # |m|^2 + sum (s1 - s2)^2 with s = 1, 2, 3 and 2, 2, 1
    assert gaussian_frechet_distance(mean, np.diag(first), np.zeros(3), np.diag(second)) == pytest.approx(
        25 + 1 + 0 + 4
    )


def test_scipy_square_root_agrees():
    rng = np.random.default_rng(0)
    first, second = covariance(12, rng), covariance(12, rng)
    difference = rng.standard_normal(12)
    expected = difference @ difference + np.trace(first + second - 2 * np.real(linalg.sqrtm(first @ second)))
    assert gaussian_frechet_distance(difference, first, np.zeros(12), second) == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(matrix_square_root(first), linalg.sqrtm(first), atol=1e-10)


def test_samples_of_known_gaussians():
    rng = np.random.default_rng(1)
    first = rng.standard_normal((40000, 3)) * [1, 2, 3] + [1, 0, 0]
    second = rng.standard_normal((40000, 3)) * [2, 2, 1]
    assert frechet_distance(first, second) == pytest.approx(1 + 1 + 0 + 4, rel=0.03)


def test_equal_sets_have_distance_zero():
    features = np.random.default_rng(2).standard_normal((50, 8))
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)


def test_singular_covariances_and_collapse_are_finite():
    rng = np.random.default_rng(3)
    few, collapsed = rng.standard_normal((5, 64)), np.ones((20, 64))
    result = frechet(few, rng.standard_normal((9, 64)))
    assert np.isfinite(result.value) and "N = 5 is not larger than D = 64" in result.note
    # A point at 1 against a standard normal: |m|^2 + tr C
    reference = rng.standard_normal((2000, 64))
    assert frechet(collapsed, reference).value == pytest.approx(128, rel=0.05)
    assert frechet(reference, reference).note == ""


def test_interval_covers_the_truth():
    # m = (1, 0, 0, 0), equal covariances: the distance is 1 (plus a bias of about D/N, which 2000 rows make small)
    inside = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        first, second = rng.standard_normal((2000, 4)), rng.standard_normal((2000, 4))
        first[:, 0] += 1
        low, high = frechet(first, second).interval
        inside += low <= 1 <= high
        assert high - low < 0.5
    assert inside >= 17


def test_interval_is_wider_when_images_come_from_few_subjects():
    rng = np.random.default_rng(5)
    subjects = np.repeat(np.arange(20), 20)
    reference = rng.standard_normal((400, 3)) * 0.3 + rng.standard_normal((20, 3))[subjects]
    generated = rng.standard_normal((400, 3)) + 2
    clustered, single = (frechet(generated, reference, owners).interval for owners in (subjects, None))
    assert clustered[1] - clustered[0] > 1.5 * (single[1] - single[0])


def test_bad_input():
    good = np.zeros((4, 3))
    with pytest.raises(InputError, match="needs at least 2 generated images. Received: 1"):
        frechet(good[:1], good)
    with pytest.raises(InputError, match="needs at least 2 held-out images. Received: 0"):
        frechet(good, good[:0])
    bad = good.copy()
    bad[2, 1] = np.nan
    with pytest.raises(InputError, match="1 of 4 feature rows of the held-out images are NaN.*row 2"):
        frechet(good, bad)
    with pytest.raises(InputError, match="same width. Received: 3 and 2"):
        frechet(good, good[:, :2])
    with pytest.raises(InputError, match=r"shape \(N, D\). Received: \(3,\)"):
        frechet(good[0], good)
