"""A classifier learns what can be learnt, and nothing else."""

import numpy as np
import pytest

from keras_stylegan.usefulness.learner import Pool, Task, learn


def bars(count, seed, rows=None):
    """Images of 16x16 with a bright row; its number is what is learnt."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 16, count) if rows is None else rows
    images = rng.integers(0, 60, (count, 16, 16, 1)).astype(np.uint8)
    images[np.arange(count), rows] = 250
    return images, rows


def test_a_number_that_shows_is_learnt_and_told_in_its_own_unit():
    images, rows = bars(200, 0)
    others, truth = bars(100, 1)
    learner = learn(Task("row"), [Pool(images, 10 * rows + 1000.0)], seed=0, steps=60)
    errors = Task("row").scores(learner.predict(others), 10 * truth + 1000.0)
    # The best single answer errs by 40 on average.
    assert errors.mean() < 20


@pytest.mark.slow
def test_a_class_that_shows_is_learnt_and_one_that_does_not_is_not():
    images, rows = bars(200, 0)
    others, truth = bars(200, 1)
    task = Task("class", 2)
    learner = learn(task, [Pool(images, rows // 8)], seed=0, steps=40)
    assert task.scores(learner.predict(others), truth // 8).mean() > 0.9
    chance = np.random.default_rng(2).integers(0, 2, 200)
    assert abs(task.scores(learner.predict(others), chance).mean() - 0.5) < 0.15


@pytest.mark.slow
def test_images_keep_their_labels_when_pools_are_mixed():
    # Either pool alone knows half of the rows.
    rng = np.random.default_rng(0)
    low, high = (bars(150, first, rng.integers(first, first + 8, 150)) for first in (0, 8))
    others, truth = bars(100, 2)
    learner = learn(Task("row"), [Pool(*low), Pool(*high)], seed=0, steps=60)
    assert np.abs(learner.predict(others) - truth).mean() < 2.5


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network():
    images, rows = bars(100, 0)
    first, second = (learn(Task("row"), [Pool(images, rows)], seed=3, steps=3).predict(images) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("task", "expected"), [(Task("class", 3), [1, 0]), (Task("age"), [0, 2])])
def test_scores(task, expected):
    np.testing.assert_array_equal(task.scores(np.array([1, 2]), np.array([1, 0])), expected)
