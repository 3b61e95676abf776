"""Shares of images with exact intervals, which say something even where the share is 0 or 1."""

import numpy as np
from scipy import stats

from keras_stylegan.metrics.bootstrap import LEVEL
from keras_stylegan.metrics.estimate import Estimate, checked_subjects


def exact_interval(successes: float, trials: float, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a share of independent images (Clopper and Pearson 1934).

    Args:
        successes: Images that count, 0 to `trials`.
        trials: Images in all; an effective number need not be whole.
        level: Coverage of the interval, which it never falls below.
    """
    tail = (1 - level) / 2
    low = stats.beta.ppf(tail, successes, trials - successes + 1) if successes > 0 else 0.0
    high = stats.beta.ppf(1 - tail, successes + 1, trials - successes) if successes < trials else 1.0
    return float(low), float(high)


def share_interval(
    counted: np.ndarray, subjects: np.ndarray | None = None, level: float = LEVEL
) -> tuple[float, float] | None:
    """Interval of the share of images that count.

    Images of one subject are not independent. With subjects the number of images is divided by the design effect
    (Korn and Graubard 1998): the variance of the share over subjects in proportion to that over independent images.
    Where no image counts or all do, nothing can be seen of it, and a subject counts as one image.

    Args:
        counted: (N,) bool.
        subjects: (N,) the subject of each image; None where every image is its own.
        level: Coverage of the interval.

    Returns:
        (low, high); None where all images are of one subject.
    """
    counted = np.asarray(counted, bool)
    count, share = len(counted), float(np.mean(counted))
    if subjects is None:
        return exact_interval(int(counted.sum()), count, level)
    owners = checked_subjects(subjects, count, "share")
    sizes = np.bincount(owners)
    people = len(sizes)
    if people < 2:
        return None
    if people == count:
        return exact_interval(int(counted.sum()), count, level)
    if share in (0.0, 1.0):
        return exact_interval(share * people, people, level)
    residuals = np.bincount(owners, counted) - share * sizes
    variance = people / (people - 1) * np.sum(residuals**2) / count**2
    effective = min(count, share * (1 - share) / max(variance, 1e-12))
    # Few subjects make the variance itself uncertain.
    effective *= (stats.t.ppf((1 + level) / 2, count - 1) / stats.t.ppf((1 + level) / 2, people - 1)) ** 2
    return exact_interval(share * effective, effective, level)


def share_estimate(
    counted: np.ndarray, subjects: np.ndarray | None, generated_count: int, reference_count: int, seed: int | None
) -> Estimate:
    """The share of images that count, with `share_interval`."""
    interval = share_interval(counted, subjects)
    return Estimate(float(np.mean(counted)), interval, generated_count, reference_count, seed)


def mean_interval_of_shares(shares: list[Estimate]) -> tuple[float, float] | None:
    """Interval of the mean of independent shares from the intervals of each (Zou and Donner 2008).

    Returns:
        (low, high); None where a share has none.
    """
    if any(share.interval is None for share in shares):
        return None
    values = np.array([share.value for share in shares])
    low, high = np.array([share.interval for share in shares]).T
    down, up = (float(np.sqrt(np.sum((values - ends) ** 2))) / len(shares) for ends in (low, high))
    return max(0.0, float(values.mean()) - down), min(1.0, float(values.mean()) + up)


def unnoticed_share(count: int, level: float = LEVEL) -> float:
    """The share of a population that `count` images drawn from it show no example of in 1 of 20 cases.

    A larger share is seen with a probability of at least `level`: (1 - share)^count = 1 - level.
    """
    return 1 - (1 - level) ** (1 / count)
