import numpy as np
import pytest

from keras_stylegan.metrics import alignment
from keras_stylegan.metrics.alignment import aligned_nearest, shrunken, views


def smooth_images(count, seed, size=24):
    """Random images with structure at 3 pixels and more."""
    small = np.random.default_rng(seed).uniform(-1, 1, (count, size // 3, size // 3, 1))
    return np.kron(small, np.ones((1, 3, 3, 1))).astype(np.float32)


def slow_distance(query, point, max_shift):
    """Smallest RMS / 2 over all shifts and flips of the query, over the pixels that every shift leaves inside."""
    size, best = len(query), np.inf
    for image in (query, query[:, ::-1]):
        for down in range(-max_shift, max_shift + 1):
            for right in range(-max_shift, max_shift + 1):
                inner = slice(max_shift, size - max_shift)
                moved = np.roll(image, (down, right), (0, 1))[inner, inner]
                best = min(best, np.sqrt(np.mean((moved - point[inner, inner]) ** 2)) / 2)
    return best


def test_equals_the_exhaustive_search(monkeypatch):
    monkeypatch.setattr(alignment, "QUERY_BLOCK", 3)
    monkeypatch.setattr(alignment, "FINE_BLOCK", 2)
    queries, points = smooth_images(7, 0), smooth_images(12, 1)
    monkeypatch.setattr(alignment, "CANDIDATES", 12)
    groups = np.arange(12) // 3
    found = aligned_nearest(queries, points, groups, max_shift=2)
    distances = np.array([[slow_distance(query[..., 0], point[..., 0], 2) for point in points] for query in queries])
    np.testing.assert_array_equal(found.indices, distances.argmin(axis=1))
    np.testing.assert_allclose(found.distances, distances.min(axis=1), rtol=1e-5)
    distances[groups[found.indices][:, None] == groups] = np.inf
    np.testing.assert_allclose(found.other_distances, distances.min(axis=1), rtol=1e-4)


@pytest.mark.parametrize(("shift", "width"), [((0, 0), 24), ((1, -2), 24), ((-2, 2), 24), ((2, 1), 24), ((1, -2), 18)])
def test_moved_and_mirrored_copies_are_found(shift, width):
    points = smooth_images(60, 2)[:, :, :width]
    queries = np.roll(points[::-1], shift, (1, 2))[:, :, ::-1]
    found = aligned_nearest(queries, points, np.arange(60))
    assert found.indices.tolist() == list(range(59, -1, -1))
    np.testing.assert_allclose(found.distances, 0, atol=1e-7)
    assert found.other_distances.min() > 0.1
    plain = aligned_nearest(queries, points, np.arange(60), max_shift=0, flips=False)
    assert plain.distances.min() > 0.05


def test_own_group_is_left_out():
    points = smooth_images(9, 3)
    own = np.arange(9)
    found = aligned_nearest(points, points, own, query_groups=own, other=False)
    assert (found.indices != own).all() and found.distances.min() > 0.1
    assert np.isinf(found.other_distances).all()
    assert np.isinf(aligned_nearest(points[:2], points[:2], np.zeros(2, int)).other_distances).all()


def test_integers_equal_floats():
    images = np.random.default_rng(4).integers(0, 256, (8, 16, 16, 1), dtype=np.uint8)
    whole = aligned_nearest(images[:3], images[3:], np.arange(5))
    floats = aligned_nearest(images[:3] / np.float32(127.5) - 1, images[3:], np.arange(5))
    np.testing.assert_allclose(whole.distances, floats.distances, rtol=1e-5)


def test_large_images_are_compared_at_64_pixels():
    images = smooth_images(3, 5, size=126)
    small = shrunken(images)
    assert small.shape == (3, 64, 64, 1) and small.dtype == np.float16
    assert shrunken(images[:, :48, :48]).base is images or shrunken(images[:, :48, :48]).shape[1] == 48
    copies = aligned_nearest(np.roll(images, 3, 1), images, np.arange(3))
    assert copies.indices.tolist() == [0, 1, 2]


def test_views_by_hand():
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    result = views(image, [-1, 0, 1], flips=True)
    assert result.shape == (1, 18, 2, 2, 1)
    # shifted down and right by -1: the lower right window; unshifted: the middle; then mirrored
    assert result[0, 0, :, :, 0].tolist() == [[10, 11], [14, 15]]
    assert result[0, 4, :, :, 0].tolist() == [[5, 6], [9, 10]]
    assert result[0, 13, :, :, 0].tolist() == [[6, 5], [10, 9]]
