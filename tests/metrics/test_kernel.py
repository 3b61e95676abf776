import numpy as np
import pytest

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.kernel import kernel_distance


def slow_mmd(first, second, subjects):
    """Equation 4 of Bińkowski et al. in loops; pairs of one subject are left out."""
    kernel = lambda a, b: (a @ b / len(a) + 1) ** 3  # noqa: E731
    same = [kernel(a, b) for i, a in enumerate(first) for j, b in enumerate(first) if i != j]
    real = [kernel(a, b) for i, a in enumerate(second) for j, b in enumerate(second) if subjects[i] != subjects[j]]
    cross = [kernel(a, b) for a in first for b in second]
    return np.mean(same) + np.mean(real) - 2 * np.mean(cross)


@pytest.mark.parametrize("subjects", [None, np.array(["a", "a", "b", "c", "c", "c", "d"])])
def test_value_equals_the_loops(subjects):
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((9, 5)), rng.standard_normal((7, 5)) + 0.5
    expected = slow_mmd(first, second, np.arange(7) if subjects is None else subjects)
    assert kernel_distance(first, second, subjects).value == pytest.approx(expected, rel=1e-5)


def test_zero_lies_in_the_interval_of_equal_distributions():
    covered = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        result = kernel_distance(rng.standard_normal((200, 8)), rng.standard_normal((150, 8)), seed=seed)
        covered.append(result.interval[0] <= 0 <= result.interval[1])
    assert np.mean(covered) >= 0.9


def test_zero_lies_outside_for_different_distributions():
    rng = np.random.default_rng(1)
    result = kernel_distance(rng.standard_normal((200, 8)) + 0.5, rng.standard_normal((150, 8)))
    assert 0 < result.interval[0] < result.value < result.interval[1]
    # E k(x, y) by Monte Carlo over independent pairs
    x, y = rng.standard_normal((2, 2, 400000, 8))
    k = lambda a, b: np.mean(((a * b).sum(axis=1) / 8 + 1) ** 3)  # noqa: E731
    expected = k(x[0] + 0.5, x[1] + 0.5) + k(y[0], y[1]) - 2 * k(x[0] + 0.5, y[0])
    assert result.interval[0] < expected < result.interval[1]


def test_subjects_do_not_push_it_away_from_zero():
    """Images that repeat 15 people 10 times: the usual estimator is biased upwards, this one is not."""
    usual, ours = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        subjects = np.repeat(np.arange(15), 10)
        reference, generated = rng.standard_normal((15, 4))[subjects], rng.standard_normal((300, 4))
        usual.append(kernel_distance(generated, reference).value)
        ours.append(kernel_distance(generated, reference, subjects).value)
        mirrored = kernel_distance(reference, generated, generated_subjects=subjects).value
        assert mirrored == pytest.approx(ours[-1], rel=1e-3, abs=1e-5)
    error = np.std(ours) / 30**0.5
    assert abs(np.mean(ours)) < 3 * error
    assert np.mean(usual) > 5 * error


def test_seed_repeats():
    rng = np.random.default_rng(3)
    first, second = rng.standard_normal((2, 30, 4))
    assert kernel_distance(first, second, seed=4) == kernel_distance(first, second, seed=4)
    assert kernel_distance(first, second, seed=4).interval != kernel_distance(first, second, seed=5).interval


def test_bad_input():
    good = np.zeros((4, 3))
    with pytest.raises(InputError, match="at least 2 held-out subjects. Received: 1"):
        kernel_distance(good, good, np.zeros(4))
    with pytest.raises(InputError, match="at least 2 generated images. Received: 1"):
        kernel_distance(good[:1], good)
    with pytest.raises(InputError, match=r"one subject per image is needed, 4. Received: shape \(3,\)"):
        kernel_distance(good, good, np.arange(3))
