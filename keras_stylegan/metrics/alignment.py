"""Nearest images after small shifts and mirroring, in blocks."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from keras_stylegan.metrics.images import as_float, blocks, resize

LARGEST = 64
"""Images are compared at most at this size: what identifies a scan is visible there."""
COARSE = 16
"""Size of the images that choose the candidates."""
CANDIDATES = 8
"""Images compared at full size, for the nearest one and again for the nearest one of another group."""
QUERY_BLOCK = 128
FINE_BLOCK = 16


class Neighbours(NamedTuple):
    """The nearest image of each query, one entry per query."""

    distances: np.ndarray
    """(N,) root mean square difference; the full range [-1, 1] counts as 1."""
    indices: np.ndarray
    """(N,) index of the nearest image."""
    other_distances: np.ndarray
    """(N,) distance to the nearest image of another group than that of the nearest; infinite if there is none."""

    @property
    def ratios(self) -> np.ndarray:
        """distance / other_distance (N,), in [0, 1]: near 1 for a new person, near 0 for a copy."""
        both = (self.distances > 0) | (self.other_distances > 0)
        return np.where(both, self.distances / np.where(both, self.other_distances, 1.0), 1.0)


def shrunken(images: np.ndarray, largest: int = LARGEST) -> np.ndarray:
    """Images at `largest` pixels at most: the array itself, or a float16 copy made block by block."""
    longest = max(images.shape[1:3])
    if longest <= largest:
        return images
    height, width = (max(1, round(size * largest / longest)) for size in images.shape[1:3])
    result = np.empty((len(images), height, width, images.shape[3]), np.float16)
    for block in blocks(len(images), 256):
        result[block] = resize(as_float(images[block]), height, width)
    return result


def views(images: np.ndarray, shifts: list[int], flips: bool) -> np.ndarray:
    """Windows of images shifted by every pair of `shifts`, and of their mirror images.

    Only the part that every shift leaves inside is compared, so nothing has to be invented at the border.

    Args:
        images: float32 (N, H, W, C).
        shifts: Pixels, such as [-2, -1, 0, 1, 2].
        flips: Add the views of the images mirrored left to right.

    Returns:
        float32 (N, V, h, w, C), the unshifted size less twice the largest shift.
    """
    margin = max(abs(shift) for shift in shifts)
    height, width = images.shape[1] - 2 * margin, images.shape[2] - 2 * margin
    sources = [images, images[:, :, ::-1]] if flips else [images]
    count = len(sources) * len(shifts) ** 2
    result = np.empty((len(images), count, height, width, images.shape[3]), np.float32)
    index = 0
    for source in sources:
        for down in shifts:
            for right in shifts:
                top, left = margin - down, margin - right
                result[:, index] = source[:, top : top + height, left : left + width]
                index += 1
    return result


def aligned_nearest(
    queries: np.ndarray,
    points: np.ndarray,
    groups: np.ndarray,
    *,
    query_groups: np.ndarray | None = None,
    max_shift: int = 2,
    flips: bool = True,
    other: bool = True,
    advance: Callable[[int], None] | None = None,
) -> Neighbours:
    """Nearest point of each query over all shifts up to `max_shift` and flips of the query.

    Images of 16 pixels (with shifts and flips) choose candidates among all points; those are compared at
    full size with every shift. Larger images than 64 pixels are compared at 64.

    Args:
        queries: (N, H, W, C) uint8, uint16 or float.
        points: (M, H, W, C).
        groups: (M,) int64 group (subject) of each point.
        query_groups: (N,); a point of the query's own group is no neighbour. None: all points are.
        max_shift: Largest shift in pixels each way, at the size of comparison.
        flips: Compare with the mirrored query too.
        other: Look for the nearest image of another group too; without it those distances are infinite.
        advance: Called with the number of queries done.

    Returns:
        The `Neighbours`.
    """
    queries, points = shrunken(queries), shrunken(points)
    max_shift = min(max_shift, (min(points.shape[1:3]) - 1) // 2)
    shifts = list(range(-max_shift, max_shift + 1))
    coarse_points = np.concatenate(
        [_coarse(views(as_float(points[block]), [0], False), max_shift)[:, 0] for block in blocks(len(points))]
    )
    # With the norms as further columns one product of matrices gives |x|² + |y|² - 2x·y.
    coarse_points = _with_columns(-2 * coarse_points, 1.0, np.einsum("md,md->m", coarse_points, coarse_points)).T
    parts = []
    for block in blocks(len(queries), QUERY_BLOCK):
        images = as_float(queries[block])
        coarse = _coarse(views(images, shifts, flips), 0)
        squared = np.full((len(images), len(points)), np.inf, np.float32)
        for variant in range(coarse.shape[1]):
            view = coarse[:, variant]
            view = _with_columns(view, np.einsum("nd,nd->n", view, view), 1.0)
            np.minimum(squared, view @ coarse_points, out=squared)
        if query_groups is not None:
            squared[query_groups[block, None] == groups] = np.inf
        distances, indices = _refine(images, points, squared, shifts, flips)
        other_distances = np.full(len(images), np.inf)
        if other:
            squared[groups[indices][:, None] == groups] = np.inf
            # Among the new candidates may be an image closer than the nearest of the first ones.
            other_distances = np.maximum(_refine(images, points, squared, shifts, flips)[0], distances)
        parts.append((distances, indices, other_distances))
        if advance is not None:
            advance(len(images))
    return Neighbours(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _coarse(images, margin):
    """Views (N, V, h, w, C), without a margin, as vectors (N, V, D) of at most 16 x 16 pixels."""
    if margin:
        images = images[:, :, margin:-margin, margin:-margin]
    for axis in (2, 3):
        images = _block_means(images, axis)
    return images.reshape(*images.shape[:2], -1)


def _with_columns(rows, first, second):
    """(N, D) with two more columns."""
    result = np.empty((len(rows), rows.shape[1] + 2), np.float32)
    result[:, :-2], result[:, -2], result[:, -1] = rows, first, second
    return result


def _block_size(size):
    return -(-size // COARSE)


def _block_means(images, axis):
    """Means over blocks of pixels along an axis, so that at most `COARSE` remain; a rest at the end is left out."""
    size = _block_size(images.shape[axis])
    count = images.shape[axis] // size
    before = (slice(None),) * axis
    total = images[(*before, slice(0, count * size, size))].copy()
    for offset in range(1, size):
        total += images[(*before, slice(offset, count * size, size))]
    return total / np.float32(size)


def _refine(images, points, squared, shifts, flips):
    """Nearest candidate at full size: distances and indices (N,); infinity where every candidate is excluded."""
    count = min(CANDIDATES, squared.shape[1])
    candidates = np.argpartition(squared, count - 1, axis=1)[:, :count]
    allowed = np.isfinite(np.take_along_axis(squared, candidates, axis=1))
    margin = max(shifts)
    distances, indices = np.empty(len(images)), np.empty(len(images), np.int64)
    for block in blocks(len(images), FINE_BLOCK):
        seen = views(images[block], shifts, flips)
        size = seen[0, 0].size
        seen = seen.reshape(*seen.shape[:2], size)
        chosen = candidates[block]
        found = as_float(points[chosen.ravel()])
        centre = views(found, [0], False)[:, 0]
        centre = centre[:, margin : centre.shape[1] - margin, margin : centre.shape[2] - margin]
        centre = np.ascontiguousarray(centre).reshape(*chosen.shape, size)
        norms = np.einsum("nvp,nvp->nv", seen, seen)[:, :, None] + np.einsum("ncp,ncp->nc", centre, centre)[:, None]
        differences = norms - 2 * np.matmul(seen, centre.transpose(0, 2, 1))
        differences = np.where(allowed[block][:, None], differences, np.inf)
        best = differences.reshape(len(seen), -1).argmin(axis=1)
        view, candidate = np.divmod(best, chosen.shape[1])
        rows = np.arange(len(seen))
        # The product form has lost the digits of a small difference: take it once more, directly.
        exact = ((seen[rows, view] - centre[rows, candidate]) ** 2).mean(axis=1, dtype=np.float64)
        distances[block] = np.where(allowed[block].any(axis=1), np.sqrt(exact) / 2, np.inf)
        indices[block] = chosen[rows, candidate]
    return distances, indices
