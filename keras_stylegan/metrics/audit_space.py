"""Distances to the training images in one space, judged against those of held-out people."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from keras_stylegan.metrics.alignment import Neighbours
from keras_stylegan.metrics.bootstrap import LEVEL
from keras_stylegan.metrics.estimate import Estimate
from keras_stylegan.metrics.neighbours import nearest

PERCENTILE = 1.0
"""Of the null: the share of held-out images that lies below the threshold."""
RESAMPLES = 500
TEST_LEVEL = 0.05 / 6
"""Chance of a false alarm about honest images is 5%, shared by six tests: distances, ratios and single ratios, in two
spaces."""
TAIL = 20
"""Held-out subjects with the smallest ratios that say how small a ratio can be; at most half of all."""


@dataclass(frozen=True)
class Space:
    """Distances in one space.

    Attributes:
        generated: Nearest training image of each generated image (N entries).
        heldout: Nearest training image of each held-out image (M entries): the null.
        threshold: 1st percentile of the held-out distances.
        ratio_threshold: 1st percentile of the held-out ratios (distance / distance to the nearest other subject).
        share: Share of generated images below `threshold`; 0.01 is expected.
        ratio_share: Share of generated images below `ratio_threshold`; 0.01 is expected.
        p_value: Probability of so large a share if the generated images were new people too.
        ratio_p_value: The same for the ratios.
        outliers: Indices of single generated images with a ratio too small for a new person, the smallest first.
    """

    generated: Neighbours
    heldout: Neighbours
    threshold: float
    ratio_threshold: float
    share: Estimate
    ratio_share: Estimate
    p_value: float
    ratio_p_value: float
    outliers: np.ndarray

    def closest(self, count: int, by: str = "distance") -> list[dict]:
        """The pairs to look at, closest first.

        Args:
            count: Number of pairs.
            by: 'distance', or 'ratio' for those that resemble one person much more than any other.

        Returns:
            Dicts with generated and training (indices), distance and ratio.
        """
        values = self.generated.distances if by == "distance" else self.generated.ratios
        return [
            {
                "generated": int(index),
                "training": int(self.generated.indices[index]),
                "distance": float(self.generated.distances[index]),
                "ratio": float(self.generated.ratios[index]),
            }
            for index in np.argsort(values, kind="stable")[:count]
        ]

    def as_dict(self) -> dict:
        """The figures, ready for JSON."""
        return {
            "threshold": self.threshold,
            "ratio_threshold": self.ratio_threshold,
            "share": self.share.as_dict(),
            "ratio_share": self.ratio_share.as_dict(),
            "p_value": self.p_value,
            "ratio_p_value": self.ratio_p_value,
            "outliers": self.outliers.tolist(),
        }


def make_space(generated: Neighbours, heldout: Neighbours, owners: np.ndarray, seed: int) -> Space:
    """Judges generated images by the held-out ones.

    The intervals resample held-out subjects (the threshold moves); for each threshold the number of generated images
    below it is binomial.

    Args:
        generated: Nearest training image of each generated image.
        heldout: Nearest training image of each held-out image.
        owners: (M,) int64 subject of each held-out image.
        seed: Seed of the resamples.
    """
    threshold, share, p_value = _share_below(generated.distances, heldout.distances, owners, seed)
    ratio_threshold, ratio_share, ratio_p_value = _share_below(generated.ratios, heldout.ratios, owners, seed)
    # The smallest of N p-values is no surprise, many small ones are (Benjamini and Hochberg 1995).
    tail = tail_p_values(generated.ratios, heldout.ratios, owners)
    extreme = stats.false_discovery_control(tail) < TEST_LEVEL
    order = np.argsort(generated.ratios, kind="stable")
    outliers = order[extreme[order]]
    return Space(generated, heldout, threshold, ratio_threshold, share, ratio_share, p_value, ratio_p_value, outliers)


def feature_nearest(
    features: np.ndarray, flipped: np.ndarray | None, training: np.ndarray, owners: np.ndarray
) -> Neighbours:
    """Nearest training features, of the image or of its mirror image, whichever is closer.

    Args:
        features: (N, D).
        flipped: (N, D) of the mirrored images, or None.
        training: (M, D).
        owners: (M,) int64 subject of each training image.
    """
    views = [features] if flipped is None else [features, flipped]
    found = [nearest(view, training) for view in views]
    distances = np.stack([distance[:, 0] for distance, _ in found])
    indices = np.stack([index[:, 0] for _, index in found])
    best, rows = distances.argmin(axis=0), np.arange(len(features))
    own = owners[indices[best, rows]]
    other = np.min([nearest(view, training, 1, own, owners)[0][:, 0] for view in views], axis=0)
    return Neighbours(distances[best, rows], indices[best, rows], other)


def first_percentile(null: np.ndarray) -> float:
    """The k-th smallest of M values, k = M / 100 rounded down, at least 1: a new value lies below with k / (M + 1)."""
    rank = max(1, int(len(null) * PERCENTILE / 100))
    return float(np.partition(null, rank - 1)[rank - 1])


def excess_p_value(below: int, count: int, null: np.ndarray, owners: np.ndarray) -> float:
    """Probability that at least `below` of `count` new people's images lie below the null's 1st percentile.

    The share of a population below the k-th smallest of M independent values has the distribution Beta(k, M + 1 - k),
    so the number of new values below it is beta-binomial (Wilks 1941). Images of one subject are not independent: both
    parameters are divided by the design effect, the variance of the number of held-out images at or below the
    threshold over people in proportion to that over independent images (Kish 1965).

    Args:
        below: Values below the threshold.
        count: N, all values.
        null: (M,) the held-out values.
        owners: (M,) int64 their subjects.
    """
    rank = max(1, int(len(null) * PERCENTILE / 100))
    low = np.argpartition(null, rank - 1)[:rank]
    probability = rank / len(null)
    people = np.bincount(owners)
    found = np.bincount(owners[low], minlength=len(people))
    variance = np.sum((found - probability * people) ** 2)
    effect = max(1.0, float(variance / (len(null) * probability * (1 - probability)))) if rank < len(null) else 1.0
    return float(stats.betabinom.sf(below - 1, count, rank / effect, (len(null) + 1 - rank) / effect))


def tail_p_values(ratios: np.ndarray, null: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """Probability of so small a ratio for a new person, beyond the smallest ratio ever held out too.

    Every held-out subject counts once, with its smallest ratio. In D dimensions the ratio of the distances to two
    nearest neighbours is below r with probability r^D (Facco et al. 2017), so -log(ratio) has an exponential tail. A
    new value exceeds the (k+1)-th largest of K with probability (k + 1) / (K + 1), and then by more than t with
    probability (1 + t / S)^-k, S being the sum of the k excesses that were seen: exact for an exponential tail, however
    few subjects there are. An image of a new person is compared with the most extreme image of each person, which is
    cautious.

    Args:
        ratios: (N,) of generated images.
        null: (M,) of held-out images. A ratio of 0 is a training image among the held-out ones and is left out.
        owners: (M,) int64 their subjects.

    Returns:
        (N,) p-values, 1 above the tail.
    """
    smallest = np.full(int(owners.max()) + 1, np.inf)
    np.minimum.at(smallest, owners[null > 0], null[null > 0])
    seen = np.sort(-np.log(smallest[np.isfinite(smallest)]))[::-1]
    tail = min(TAIL, len(seen) // 2)
    if tail == 0:
        return np.ones(len(ratios))
    total = np.sum(seen[:tail] - seen[tail])
    with np.errstate(divide="ignore"):  # an exact copy has ratio 0; equal held-out ratios have total 0
        excess = -np.log(ratios) - seen[tail]
        beyond = (1 + np.maximum(excess, 0) / max(total, 1e-12)) ** -tail
    return np.where(excess > 0, (tail + 1) / (len(seen) + 1) * beyond, 1.0)


def _share_below(values, null, owners, seed):
    """The null's 1st percentile, the share of values below it with its interval, and its p-value."""
    threshold = first_percentile(null)
    rng = np.random.default_rng(seed)
    # Levels of all resamples, evenly spread: with an unmoved threshold the interval is that of Clopper and Pearson.
    levels = rng.permutation((np.arange(RESAMPLES) + 0.5) / RESAMPLES)
    members = np.split(np.argsort(owners, kind="stable"), np.cumsum(np.bincount(owners))[:-1])
    ordered, found = np.sort(values), np.empty(RESAMPLES)
    for index in range(RESAMPLES):
        drawn = np.concatenate([members[owner] for owner in rng.integers(0, len(members), len(members))])
        moved = first_percentile(null[drawn])
        found[index] = np.searchsorted(ordered, moved)
    count, tail = len(ordered), (1 - LEVEL) / 2
    # What so many images below the threshold say of the generator's share, from below and from above.
    low = np.where(found > 0, stats.beta.ppf(levels, np.maximum(found, 1), count - found + 1), 0.0)
    high = np.where(found < count, stats.beta.ppf(levels, found + 1, np.maximum(count - found, 1)), 1.0)
    interval = (float(np.quantile(low, tail)), float(np.quantile(high, 1 - tail)))
    below = int(np.count_nonzero(values < threshold))
    estimate = Estimate(below / count, interval, count, len(null), seed)
    return threshold, estimate, excess_p_value(below, count, null, owners)
