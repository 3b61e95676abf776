import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from keras_stylegan.errors import InputError
from keras_stylegan.metrics import neighbours
from keras_stylegan.metrics.precision_recall import precision_recall


def sklearn_radii(points, k):
    return NearestNeighbors(n_neighbors=k + 1).fit(points).kneighbors(points)[0][:, -1]


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK_ROWS", 7)
    monkeypatch.setattr(neighbours, "BLOCK_COLUMNS", 11)


def test_nearest_equals_scikit_learn(small_blocks):
    rng = np.random.default_rng(0)
    queries, points = rng.standard_normal((40, 6)) + 100, rng.standard_normal((60, 6)) + 100
    distances, indices = neighbours.nearest(queries, points, 4)
    expected_distances, expected_indices = NearestNeighbors(n_neighbors=4).fit(points).kneighbors(queries)
    np.testing.assert_allclose(distances, expected_distances, atol=1e-9)
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(neighbours.radii(points, 3), sklearn_radii(points, 3), atol=1e-9)


def test_own_group_is_no_neighbour(small_blocks):
    points = np.array([[0.0], [1.0], [5.0], [9.0]])
    groups = np.array([0, 0, 1, 1])
    distances, indices = neighbours.nearest(points, points, 1, groups, groups)
    assert distances[:, 0].tolist() == [5, 4, 4, 8]
    assert indices[:, 0].tolist() == [2, 2, 1, 1]
    distances, _ = neighbours.nearest(points, points, 3, groups, groups)
    assert np.isinf(distances[:, 2]).all()


def test_all_four_equal_their_definitions(small_blocks):
    rng = np.random.default_rng(1)
    generated, reference = rng.standard_normal((50, 3)) * 0.8 + 0.4, rng.standard_normal((50, 3))
    distances = np.linalg.norm(generated[:, None] - reference[None], axis=-1)
    wide = sklearn_radii(reference, 5)
    expected = {
        "precision": np.mean((distances <= sklearn_radii(reference, 3)).any(axis=1)),
        "recall": np.mean((distances <= sklearn_radii(generated, 3)[:, None]).any(axis=0)),
        "density": np.mean((distances <= wide).sum(axis=1)) / 5,
        "coverage": np.mean((distances <= wide).any(axis=0)),
    }
    result = precision_recall(generated, reference)
    assert {name: estimate.value for name, estimate in result.items()} == pytest.approx(expected)
    for estimate in result.values():
        assert estimate.interval[0] < estimate.value < estimate.interval[1]


def test_balls_reach_to_other_subjects():
    """Five slices per person at almost the same place: by the papers' definition new people are in no ball."""
    rng = np.random.default_rng(5)
    subjects = np.repeat(np.arange(40), 5)
    reference = rng.standard_normal((40, 2))[subjects] + 1e-3 * rng.standard_normal((200, 2))
    generated = rng.standard_normal((40, 2))[subjects] + 1e-3 * rng.standard_normal((200, 2))
    plain = precision_recall(generated, reference)
    ours = precision_recall(generated, reference, subjects, generated_subjects=subjects)
    assert plain["precision"].value < 0.1 and plain["recall"].value < 0.1
    assert ours["precision"].value > 0.5 and ours["recall"].value > 0.5
    distances = np.linalg.norm(reference[:, None] - reference[None], axis=-1)
    distances[subjects[:, None] == subjects] = np.inf
    radius = np.sort(distances, axis=1)[:, 2]
    to_generated = np.linalg.norm(generated[:, None] - reference[None], axis=-1)
    assert ours["precision"].value == pytest.approx(np.mean((to_generated <= radius).any(axis=1)))
    with pytest.raises(InputError, match="needs 3 images of other subjects for every image: there are fewer"):
        precision_recall(generated[:12], reference[:12], np.repeat([0, 1], [10, 2]))


def test_sets_are_cut_to_equal_size():
    rng = np.random.default_rng(2)
    result = precision_recall(rng.standard_normal((90, 3)), rng.standard_normal((30, 3)))
    assert {(estimate.generated_count, estimate.reference_count) for estimate in result.values()} == {(30, 30)}


def test_constant_images_give_numbers():
    reference = np.random.default_rng(3).standard_normal((30, 3))
    result = precision_recall(np.zeros((30, 3)), reference)
    assert result["recall"].value == 0
    assert all(np.isfinite(estimate.value) for estimate in result.values())


def test_too_few_images():
    with pytest.raises(InputError, match="precision and recall needs at least 6 generated images. Received: 5"):
        precision_recall(np.zeros((5, 3)), np.zeros((9, 3)))
