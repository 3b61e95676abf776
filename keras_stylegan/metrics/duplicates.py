"""Checks of the real data before anything is trained: people in both splits, repeated images."""

import numpy as np

from keras_stylegan.metrics.images import as_float, blocks, check_images, check_same_shape, resize

NEAR = 0.05
"""Difference over contrast: a JPEG copy of a slice is below it, a neighbouring slice of the same head above."""
LARGEST, COARSE = 64, 8
ROWS = 512
SHOWN = 10
"""Pairs that a warning spells out."""


def shared_subjects(first: np.ndarray, second: np.ndarray) -> list[str]:
    """Sorted subjects that stand in both (N,) and (M,)."""
    return [str(name) for name in np.intersect1d(first, second)]


def near_duplicates(
    images: np.ndarray,
    other: np.ndarray | None = None,
    subjects: np.ndarray | None = None,
    other_subjects: np.ndarray | None = None,
    near: float = NEAR,
) -> list[tuple[int, int, float]]:
    """Pairs of images that are equal up to rounding, compression or a little noise, of different subjects.

    The measure is |a - b| / |b - mean(b)|, root mean squares at 64 pixels at most: 0 for equal images, 1 for an image
    and its own mean. Images of 8 x 8 block means rule out all but a few pairs beforehand; since averaging never
    enlarges a difference, no pair is missed.

    Args:
        images: (N, H, W, C).
        other: (M, H, W, C) of another split; None compares `images` among themselves.
        subjects: (N,) subjects; pairs of one subject are left out where both are given.
        other_subjects: (M,) subjects of `other`.
        near: Largest difference that counts.

    Returns:
        (index, index in other, difference), most similar first. Within one set each pair stands once.

    Raises:
        InputError: Wrong shapes or NaN.
    """
    check_images(images, "images")
    same = other is None
    if same:
        other, other_subjects = images, subjects
    else:
        check_images(other, "other images")
        check_same_shape(images, other, "the images", "the other images")
    coarse, coarse_other = (_block_means(array) for array in (images, other))
    contrasts = _contrasts(other)
    pairs = []
    squares = np.einsum("md,md->m", coarse_other, coarse_other)
    for rows in blocks(len(images), ROWS):
        # Within one set each pair is looked at once: in the columns from the rows on.
        left = rows.start if same else 0
        difference = squares[left:] - 2 * coarse[rows] @ coarse_other[left:].T
        difference += np.einsum("nd,nd->n", coarse[rows], coarse[rows])[:, None]
        # Rounding of float32 products: about 1e-5 of the mean square.
        possible = difference / coarse.shape[1] <= (near * contrasts[left:]) ** 2 + 1e-5
        if same:
            possible &= np.arange(possible.shape[0])[:, None] < np.arange(possible.shape[1])
        if subjects is not None and other_subjects is not None:
            possible &= subjects[rows, None] != other_subjects[left:]
        first, second = np.nonzero(possible)
        pairs.extend(_confirmed(images, other, first + rows.start, second + left, contrasts, near))
    return sorted(pairs, key=lambda pair: pair[2])


def near_duplicate_warning(
    pairs: list[tuple[int, int, float]], names: np.ndarray, other_names: np.ndarray, where: str
) -> list[str]:
    """One line about pairs of `near_duplicates` by their file names, or none: [] if there are no pairs.

    Args:
        pairs: (index, index in other, difference).
        names: (N,) file names of the first images.
        other_names: (M,) file names of the others.
        where: Between what, in words.
    """
    if not pairs:
        return []
    shown = ", ".join(f"{names[first]} = {other_names[second]}" for first, second, _ in pairs[:SHOWN])
    more = f" and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
    return [f"Warning: {len(pairs)} pairs of equal or nearly equal images {where}: {shown}{more}."]


def _at_most(images, size):
    height, width = (min(side, size) for side in images.shape[1:3])
    return resize(as_float(images), height, width)


def _block_means(images):
    """Means over equal blocks of the images at full comparison size, (N, D); borders that do not fit are left out."""
    parts = []
    for block in blocks(len(images)):
        reduced = _at_most(images[block], LARGEST)
        count, height, width, channels = reduced.shape
        rows, columns = min(height, COARSE), min(width, COARSE)
        high, wide = height // rows, width // columns
        cut = reduced[:, : rows * high, : columns * wide]
        parts.append(cut.reshape(count, rows, high, columns, wide, channels).mean(axis=(2, 4)).reshape(count, -1))
    return np.concatenate(parts)


def _contrasts(images):
    return np.concatenate([_at_most(images[block], LARGEST).std(axis=(1, 2, 3)) for block in blocks(len(images))])


def _confirmed(images, other, firsts, seconds, contrasts, near):
    for block in blocks(len(firsts)):
        first, second = firsts[block], seconds[block]
        equal = (images[first] == other[second]).all(axis=(1, 2, 3))
        difference = _at_most(images[first], LARGEST) - _at_most(other[second], LARGEST)
        size = np.sqrt((difference**2).mean(axis=(1, 2, 3)))
        relative = np.where(equal, 0.0, size / np.maximum(contrasts[second], 1e-12))
        for index in np.flatnonzero(relative <= near):
            yield int(first[index]), int(second[index]), float(relative[index])
