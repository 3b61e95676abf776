"""The floor of a distance: what two sets of real images of different people have between them."""

from collections.abc import Callable, Hashable

import numpy as np

from keras_stylegan.errors import InputError
from keras_stylegan.metrics.estimate import Floor, require_count


def floors(
    distances: Callable[[np.ndarray, np.ndarray, np.ndarray], dict[Hashable, float]],
    pool: np.ndarray,
    pool_subjects: np.ndarray,
    reference: np.ndarray,
    reference_subjects: np.ndarray,
    size: int,
    repeats: int = 5,
    seed: int = 0,
) -> dict[Hashable, Floor]:
    """Measures real images in place of the generated ones, against the same held-out images.

    Args:
        distances: The metrics by their keys, as a function of (stand-in, reference, subjects of the stand-in).
        pool: (N, ...) features or images of the training split; whole subjects of it stand in for the generator.
        pool_subjects: (N,) their subjects.
        reference: (M, ...) features or images of the held-out subjects.
        reference_subjects: (M,) their subjects.
        size: Number of generated images the metric was measured on, so that both carry the same bias.
        repeats: Draws of stand-in subjects.
        seed: Seed of the draws.

    Returns:
        The floor of every metric. Where the pool is smaller than `size` all of it is used once, and the note says so.

    Raises:
        InputError: A subject stands in both sets, or there is no image.
    """
    require_count(len(pool), 1, "the floor", "training images")
    require_count(len(reference), 1, "the floor", "held-out images")
    shared = np.intersect1d(pool_subjects, reference_subjects)
    if len(shared):
        raise InputError(
            f"the floor needs different people on both sides. Received: {len(shared)} subjects that stand in both"
        )
    note = ""
    if len(pool) <= size:
        if len(pool) < size:
            note = (
                f"only {len(pool)} training images stand in for {size} generated ones: the floor is somewhat too high"
            )
        draws = [np.arange(len(pool))]
    else:
        rng = np.random.default_rng(seed)
        draws = [subject_sample(pool_subjects, size, int(rng.integers(2**31))) for _ in range(repeats)]
    pool_subjects = np.asarray(pool_subjects)
    found = [distances(pool[rows], reference, pool_subjects[rows]) for rows in draws]
    counts = (len(draws[0]), len(reference), len(draws))
    return {
        key: Floor(float(np.mean(values)), float(min(values)), float(max(values)), *counts, seed, note)
        for key in found[0]
        for values in [[numbers[key] for numbers in found]]
    }


def subject_sample(subjects: np.ndarray, size: int, seed: int = 0) -> np.ndarray:
    """Sorted indices of `size` images of as few subjects as needed, whole subjects in random order.

    The last subject is cut at random to reach `size` exactly.

    Raises:
        InputError: There are fewer than `size` images.
    """
    subjects = np.asarray(subjects)
    require_count(len(subjects), size, "a sample by subjects", "images")
    rng = np.random.default_rng(seed)
    _, owner = np.unique(subjects, return_inverse=True)
    rank = rng.permutation(int(owner.max()) + 1)[owner]
    order = np.lexsort((rng.random(len(subjects)), rank))
    return np.sort(order[:size])


def split_by_subject(subjects: np.ndarray, share: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Splits images into two sets that have no subject in common.

    Args:
        subjects: (N,) subject of each image.
        share: Share of the subjects in the first set, between 0 and 1.
        seed: Seed of the choice.

    Returns:
        Sorted indices of the first and of the second set; neither is empty.

    Raises:
        InputError: There are fewer than 2 subjects.
    """
    names, owner = np.unique(np.asarray(subjects), return_inverse=True)
    require_count(len(names), 2, "a split by subject", "subjects")
    chosen = np.random.default_rng(seed).permutation(len(names))
    first = np.isin(owner, chosen[: min(max(round(share * len(names)), 1), len(names) - 1)])
    return np.flatnonzero(first), np.flatnonzero(~first)


def spread_sample(subjects: np.ndarray, size: int, seed: int = 0) -> np.ndarray:
    """Sorted indices of `size` images of as many subjects as there are; all images where there are fewer.

    Subjects come in random order and give one random image each; then each gives a second one, and so on.
    """
    rng = np.random.default_rng(seed)
    _, owner = np.unique(np.asarray(subjects), return_inverse=True)
    shuffled = rng.permutation(len(owner))
    rank = rng.permutation(int(owner.max()) + 1)
    turn, seen = np.empty(len(owner), np.int64), np.zeros(len(rank), np.int64)
    for row in shuffled:
        turn[row] = seen[owner[row]]
        seen[owner[row]] += 1
    return np.sort(np.lexsort((rank[owner], turn))[:size])
