"""How much more often one group of people has the smaller value than another."""

import numpy as np

from keras_stylegan.metrics.bootstrap import percentile_interval, subject_weights
from keras_stylegan.metrics.estimate import Estimate, checked_subjects, require_count

RESAMPLES = 1000
LEAST = 2


def advantage(
    first: np.ndarray,
    second: np.ndarray,
    first_subjects: np.ndarray | None = None,
    second_subjects: np.ndarray | None = None,
    seed: int = 0,
) -> Estimate:
    """P(a < b) + P(a = b)/2 of a value a of the first group and b of the second: 1/2 where the groups do not differ.

    It is the area under the ROC curve of the test "a small value means the first group", Mann and Whitney's U over the
    number of pairs.

    Args:
        first: (N,) values.
        second: (M,) values.
        first_subjects: (N,) whose value it is; None where everybody has one.
        second_subjects: (M,) the same.
        seed: Of the bootstrap, which draws whole subjects of both groups.

    Returns:
        The probability; its floor is 1/2.

    Raises:
        InputError: Fewer than two values in a group.
    """
    require_count(len(first), LEAST, "a comparison of two groups", "values of the first")
    require_count(len(second), LEAST, "a comparison of two groups", "values of the second")
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    wins = (first[:, None] < second) + 0.5 * (first[:, None] == second)
    rng = np.random.default_rng(seed)
    weights = [
        subject_weights(checked_subjects(subjects, len(values), "a comparison of two groups"), RESAMPLES, rng)
        for subjects, values in ((first_subjects, first), (second_subjects, second))
    ]
    found = np.einsum("bn,nm,bm->b", *(weights[0], wins, weights[1]), optimize=True)
    found = found / (weights[0].sum(axis=1) * weights[1].sum(axis=1))
    interval = None if (wins == wins[0, 0]).all() else percentile_interval(found)
    floor = Estimate(0.5, None, 0, len(second))
    return Estimate(float(wins.mean()), interval, 0, len(first) + len(second), seed, floor=floor)
