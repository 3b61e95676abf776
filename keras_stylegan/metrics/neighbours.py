"""Exact nearest neighbours in blocks: memory grows with a block, not with the square of the data."""

from collections.abc import Iterator

import numpy as np

BLOCK_ROWS = 512
BLOCK_COLUMNS = 16384


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances of all rows, (N, D) and (M, D) to (N, M), float64."""
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    # |x - y|² = |x|² + |y|² - 2x·y loses digits when the data lie far from the origin.
    centre = second.mean(axis=0)
    first, second = first - centre, second - centre
    norms = np.einsum("nd,nd->n", first, first)[:, None] + np.einsum("nd,nd->n", second, second)
    return np.maximum(norms - 2 * first @ second.T, 0.0)


def distance_blocks(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Yields (rows, columns, squared distances of those) until all pairs have been seen, row by row."""
    for row in range(0, len(first), BLOCK_ROWS):
        rows = slice(row, min(row + BLOCK_ROWS, len(first)))
        for column in range(0, len(second), BLOCK_COLUMNS):
            columns = slice(column, min(column + BLOCK_COLUMNS, len(second)))
            yield rows, columns, squared_distances(first[rows], second[columns])


def nearest(
    queries: np.ndarray,
    points: np.ndarray,
    k: int = 1,
    query_groups: np.ndarray | None = None,
    point_groups: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest points of each query.

    Args:
        queries: (N, D).
        points: (M, D), M >= k.
        k: Neighbours.
        query_groups: (N,) with `point_groups`: a point of the query's own group is no neighbour.
        point_groups: (M,). To leave out the query itself use `arange` for both.

    Returns:
        Distances (N, k) float64, ascending, and indices (N, k) into `points`. Where there are fewer than k points
        outside the query's group the rest has distance infinity.
    """
    best = np.full((len(queries), k), np.inf)
    indices = np.zeros((len(queries), k), np.int64)
    for rows, columns, squared in distance_blocks(queries, points):
        if query_groups is not None:
            squared[query_groups[rows, None] == point_groups[columns]] = np.inf
        joined = np.concatenate([best[rows], squared], axis=1)
        where = np.concatenate(
            [indices[rows], np.broadcast_to(np.arange(columns.start, columns.stop), squared.shape)], axis=1
        )
        chosen = np.argpartition(joined, k - 1, axis=1)[:, :k]
        best[rows] = np.take_along_axis(joined, chosen, axis=1)
        indices[rows] = np.take_along_axis(where, chosen, axis=1)
    order = np.argsort(best, axis=1, kind="stable")
    return np.sqrt(np.take_along_axis(best, order, axis=1)), np.take_along_axis(indices, order, axis=1)


def radii(points: np.ndarray, k: int, groups: np.ndarray | None = None) -> np.ndarray:
    """Distance (N,) of each point to its k-th nearest point of another group.

    Args:
        points: (N, D).
        k: Neighbours.
        groups: (N,) int64; None where every point is its own group. A radius is infinite where fewer than k points
            lie outside a group.
    """
    groups = np.arange(len(points)) if groups is None else groups
    return nearest(points, points, k, groups, groups)[0][:, -1]


def balls_around(queries: np.ndarray, centres: np.ndarray, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How queries (N, D) lie in the balls around centres (M, D) with radius (M,).

    Returns:
        (N,) number of balls that hold each query, and (M,) number of queries in each ball.
    """
    per_query, per_ball = np.zeros(len(queries), np.int64), np.zeros(len(centres), np.int64)
    for rows, columns, squared in distance_blocks(queries, centres):
        inside = squared <= radius[columns] ** 2
        per_query[rows] += inside.sum(axis=1)
        per_ball[columns] += inside.sum(axis=0)
    return per_query, per_ball
