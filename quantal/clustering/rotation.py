"""Turning eigenvectors until each row lies along one axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_COARSE = 16  # angles over the quarter turn after which a pair of axes looks the same
_REFINEMENTS = 3
_FINE = 8  # angles on either side of the best one, a step of the grid before apart


def align_with_axes(
    vectors: NDArray[np.float64], *, max_sweeps: int = 50, tolerance: float = 1e-5
) -> tuple[NDArray[np.float64], float, int]:
    """Rotate k vectors so that the squares of each row gather in one column.

    The cost of rows Z is the mean of ||z_i||^2 / max_j z_ij^2: 1 if every row has one entry that
    is not zero, at most k. Sweeps go over all pairs of columns; the two are turned in their plane
    by the best angle of a grid that is refined around it, so the cost never rises.

    Args:
        vectors: (n, k) columns, for example leading eigenvectors. Rows of zeros are passed over.
        max_sweeps: most passes over all pairs.
        tolerance: stop after a sweep that lowers the cost by a smaller share of k.

    Returns:
        rotated: (n, k), ``vectors`` times an orthogonal matrix.
        quality: 1 if the cost is 1, 0 if it is k.
        n_sweeps: passes made.

    Source: Zelnik-Manor and Perona 2004, Section 3.
    Differs: planes are searched one after another instead of gradient steps on all angles.
    """
    n_columns = vectors.shape[1]
    if n_columns == 1:
        return vectors.copy(), 1.0, 1
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    used = lengths > np.finfo(np.float64).tiny
    unit = vectors[used] / np.sqrt(lengths[used])[:, None]
    columns = np.ascontiguousarray(unit.T)  # (k, n): a pair of axes is two rows in memory
    turned = np.eye(n_columns)
    cost = _cost(columns)
    n_sweeps = 0
    while n_sweeps < max_sweeps:
        n_sweeps += 1
        before = cost
        for i in range(n_columns - 1):
            for j in range(i + 1, n_columns):
                _turn(columns, turned, i, j)
        cost = _cost(columns)
        if before - cost <= tolerance * n_columns:
            break
    return vectors @ turned.T, 1 - (cost - 1) / (n_columns - 1), n_sweeps


def _cost(columns: NDArray[np.float64]) -> float:
    """Mean of 1 / max_j z_ij^2 over rows of length 1, given as (k, n)."""
    return float(np.mean(1 / (columns**2).max(axis=0)))


def _turn(columns: NDArray[np.float64], turned: NDArray[np.float64], i: int, j: int) -> None:
    """Turn two columns by the best angle, in place, and the record of all turns with them."""
    first, second = columns[i], columns[j]
    squares = columns**2
    squares[[i, j]] = 0
    others = squares.max(axis=0)
    # Rows with another column far larger than these two do not hear of the turn.
    heard = first**2 + second**2 > others
    if not heard.any():
        return
    a, b, rest = first[heard], second[heard], others[heard]
    best, step = 0.0, np.pi / 2 / _COARSE
    angles: NDArray[np.float64] = step * np.arange(_COARSE, dtype=np.float64)
    for _ in range(1 + _REFINEMENTS):
        costs = _costs(a, b, rest, angles)
        best = float(angles[costs.argmin()])  # the first of equals: angle 0 where nothing helps
        grid = step * np.arange(-_FINE, _FINE + 1) / (_FINE + 1)
        angles = best + np.concatenate([[0], grid[grid != 0]])
        step /= _FINE + 1
    if best == 0:
        return
    cos, sin = np.cos(best), np.sin(best)
    plane = np.array([[cos, sin], [-sin, cos]])
    columns[[i, j]] = plane @ columns[[i, j]]
    turned[[i, j]] = plane @ turned[[i, j]]


def _costs(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    rest: NDArray[np.float64],
    angles: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Cost of the rows for each angle, shape (angles,)."""
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    largest = np.maximum((cos * a + sin * b) ** 2, (cos * b - sin * a) ** 2)
    costs: NDArray[np.float64] = (1 / np.maximum(largest, rest)).sum(axis=1)
    return costs
