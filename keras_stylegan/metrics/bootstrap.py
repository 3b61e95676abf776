"""Intervals that respect that images of one subject are not independent."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from keras_stylegan.metrics.estimate import checked_subjects

LEVEL = 0.95
JACKKNIFE_GROUPS = 10


def subject_weights(subjects: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """How often each image occurs in resamples of whole subjects, drawn with replacement.

    Source: Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8.

    Args:
        subjects: (N,) int64 indices of subjects, 0 to S - 1.
        resamples: Number of resamples B.
        rng: Draws the subjects.

    Returns:
        (B, N) float32 counts.
    """
    count = int(subjects.max()) + 1
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    return drawn[:, subjects].astype(np.float32)


def mean_interval(
    values: np.ndarray,
    subjects: np.ndarray | None = None,
    seed: int = 0,
    resamples: int = 1000,
    level: float = LEVEL,
) -> tuple[float, float] | None:
    """Percentile bootstrap interval of a mean over images; whole subjects are resampled.

    Shares have an exact one, see `shares`.

    Args:
        values: (N,) numbers, one per image.
        subjects: (N,) the subject of each image; None where every image is its own.
        seed: Seed of the resamples.
        resamples: Number of resamples.
        level: Coverage of the interval.

    Returns:
        (low, high); None where all values are equal: resamples of them say nothing.
    """
    values = np.asarray(values, np.float64)
    if (values == values[0]).all():
        return None
    indices = checked_subjects(subjects, len(values), "bootstrap")
    count = int(indices.max()) + 1
    sums = np.bincount(indices, values, minlength=count)
    sizes = np.bincount(indices, minlength=count)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    return percentile_interval(drawn @ sums / (drawn @ sizes), level)


def percentile_interval(replicates: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """The central `level` of the replicates (B,), NaN left out."""
    low, high = np.nanquantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def jackknife_interval(
    statistic: Callable[[np.ndarray, np.ndarray], float],
    generated: np.ndarray,
    reference: np.ndarray,
    subjects: np.ndarray | None = None,
    seed: int = 0,
    level: float = LEVEL,
    groups: int = JACKKNIFE_GROUPS,
) -> tuple[float, float] | None:
    """Interval of a distance between two sets by the delete-a-group jackknife; groups are made of whole subjects.

    Distances such as Fréchet's grow with every repeated row, so resamples with replacement lie above the
    estimate itself; leaving groups out hardly changes the number of rows.

    Source: Kott, The delete-a-group jackknife, Journal of Official Statistics 17, 2001.

    Args:
        statistic: The distance of (generated rows, reference rows).
        generated: (N, ...) rows, independent of each other.
        reference: (M, ...) rows.
        subjects: (M,) subject of each reference row; None where every row is its own.
        seed: Seed of the division into groups.
        level: Coverage of the interval.
        groups: Groups on each side.

    Returns:
        (low, high), symmetric around the estimate; None where there are fewer than two subjects or rows on a side.
    """
    rng = np.random.default_rng(seed)
    value = statistic(generated, reference)
    variance = 0.0
    sides = [
        (np.arange(len(generated)), lambda keep: statistic(generated[keep], reference)),
        (checked_subjects(subjects, len(reference), "jackknife"), lambda keep: statistic(generated, reference[keep])),
    ]
    used = []
    for owners, without in sides:
        owner_count = int(owners.max()) + 1
        count = min(groups, owner_count)
        # Fewer than 4 rows that stay make most distances meaningless.
        if count < 2 or len(owners) < 4:
            return None
        group = rng.permutation(np.arange(owner_count) % count)[owners]
        replicates = np.array([without(group != index) for index in range(count)])
        variance += (count - 1) / count * float(np.sum((replicates - replicates.mean()) ** 2))
        used.append(count)
    # Few groups make the variance itself uncertain: Student's t with the degrees of freedom of the smaller side.
    half = float(stats.t.ppf((1 + level) / 2, min(used) - 1)) * variance**0.5
    return value - half, value + half
