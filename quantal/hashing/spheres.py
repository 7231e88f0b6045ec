"""Placing spheres so that each holds half of the rows and any two share a quarter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError

N_AVERAGED = 5  # rows whose mean is a first pivot
BITS_OF_BYTE = np.array([byte.bit_count() for byte in range(256)], np.uint8)


@dataclass(frozen=True)
class Spheres:
    """Pivots found by `balanced_pivots`, and how well they are balanced.

    Attributes:
        pivots: Centres of the spheres, shape (l, q), float64.
        mean_deviation: Mean over pairs of |o_ij - n/4|, as a share of n/4.
        spread: Standard deviation of o_ij over pairs, as a share of n/4.
        n_iter: Rounds: overlaps were counted so often, and pivots moved once less.
        converged: Whether both shares came down to their tolerances.
    """

    pivots: NDArray[np.float64]
    mean_deviation: float
    spread: float
    n_iter: int
    converged: bool


def first_pivots(n: int, n_pivots: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return numbers of the rows whose means are the first pivots, shape (n_pivots, 5 or n).

    Args:
        n: number of rows there are.
        n_pivots: number of pivots.
        generator: source of the draws, without replacement for each pivot.
    """
    each = min(n, N_AVERAGED)
    drawn = [generator.choice(n, each, replace=False) for _ in range(n_pivots)]
    return np.array(drawn, np.int64)


def sphere_scores(
    rows: NDArray[np.float32], squares: NDArray[np.float32], pivots: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return 2 c_k x - ||x||^2, shape (l, n): how far inside the spheres around c_k rows lie.

    It is ||c_k||^2 less the squared distance, so a sphere of radius r holds the rows whose score
    is at least ||c_k||^2 - r^2.

    Args:
        rows: x, shape (n, q).
        squares: ||x||^2, shape (n,).
        pivots: c, shape (l, q).
    """
    scores = pivots @ rows.T
    scores *= 2
    scores -= squares
    return scores


def halving_thresholds(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each row of ``scores``, (l, n), a number that n // 2 of its entries exceed.

    It lies midway between two entries, so rounding does not move a row across; (l,), float32.
    With n odd the middle entry counts as outside.

    Args:
        scores: shape (l, n), n >= 2; partially sorted in place.
    """
    n = scores.shape[1]
    first_inside = n - n // 2
    scores.partition((first_inside - 1, first_inside), axis=1)
    outside, inside = scores[:, first_inside - 1], scores[:, first_inside]
    middle = outside + (inside - outside) / 2
    return np.where(middle > outside, middle, inside)  # neighbouring floats have no middle


def pivot_shifts(
    overlaps: NDArray[np.float64], n: int, pivots: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean force on every pivot, shape (l, q).

    The force on i from j is 0.5 (o_ij - n/4) / (n/4) (c_i - c_j): away from j if they share more
    than a quarter of the rows, towards it if less.

    Args:
        overlaps: o, number of rows in both spheres, shape (l, l).
        n: number of rows.
        pivots: c, shape (l, q).
    """
    pushes = 0.5 * (overlaps - n / 4) / (n / 4)
    np.fill_diagonal(pushes, 0.0)
    return np.asarray((pushes.sum(axis=1)[:, None] * pivots - pushes @ pivots) / len(pivots))


def balanced_pivots(
    rows: NDArray[np.float32],
    squares: NDArray[np.float32],
    pivots: NDArray[np.float64],
    *,
    max_iter: int,
    mean_tolerance: float,
    spread_tolerance: float,
) -> Spheres:
    """Move pivots until any two spheres share about a quarter of the rows.

    Every radius is such that n // 2 rows are inside. Pivots move by the mean of the forces from
    the others, and stop when both tolerances are met or in round ``max_iter``.

    Pivots never leave the span of the first ones. So rows may be given by their coordinates in an
    orthonormal basis of that span, as long as ``squares`` are those of the whole rows.

    Args:
        rows: coordinates, shape (n, q), float32.
        squares: squared norms of the whole rows, shape (n,), float32.
        pivots: first pivots, shape (l, q), float64.
        max_iter: most rounds of counting overlaps, >= 1.
        mean_tolerance: stop at mean |o_ij - n/4| <= this share of n/4 ...
        spread_tolerance: ... and standard deviation of o_ij <= this share of n/4.

    Source: Heo, Lee, He, Chang, Yoon 2012, "Spherical Hashing": the iterative optimisation.
    """
    n = len(rows)
    for n_iter in range(1, max_iter + 1):
        scores = sphere_scores(rows, squares, pivots.astype(np.float32))
        thresholds = halving_thresholds(scores.copy())[:, None]
        inside = np.greater_equal(scores, thresholds, out=scores, casting="unsafe")
        overlaps = (inside @ inside.T).astype(np.float64)  # whole numbers, exact below 2^24
        shared = overlaps[np.triu_indices(len(pivots), 1)] / (n / 4)
        deviation = float(np.abs(shared - 1).mean()) if len(shared) else 0.0
        spread = float(shared.std()) if len(shared) else 0.0
        converged = deviation <= mean_tolerance and spread <= spread_tolerance
        if converged or n_iter == max_iter:
            break
        pivots = pivots + pivot_shifts(overlaps, n, pivots)
    return Spheres(pivots, deviation, spread, n_iter, converged)


def spherical_distance(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Return the spherical Hamming distance of packed codes: |a xor b| / |a and b|.

    Two rows that share many spheres are surely near, whatever spheres hold neither: so the bits in
    which codes differ count the less the more spheres they share.

    Args:
        a: packed codes, shape (..., n_bytes), uint8.
        b: packed codes that broadcast against ``a``: ``spherical_distance(a[:, None], b)`` gives
            all pairs.

    Returns:
        Distances, float64, shape (...), >= 0; infinity where no sphere is shared, even between
        equal codes without any bit.

    Raises:
        DataError: Not packed codes, or of different lengths.

    Source: Heo, Lee, He, Chang, Yoon 2012, "Spherical Hashing".
    """
    left, right = np.asarray(a), np.asarray(b)
    if left.dtype != np.uint8 or right.dtype != np.uint8:
        raise DataError(
            f"Packed codes are uint8, got {left.dtype} and {right.dtype}. Pass what encode() "
            "returns."
        )
    if left.ndim == 0 or right.ndim == 0 or left.shape[-1] != right.shape[-1]:
        raise DataError(
            f"Codes must have the same number of bytes, got shapes {left.shape} and {right.shape}."
        )
    different = BITS_OF_BYTE[left ^ right].sum(axis=-1, dtype=np.int64)
    shared = BITS_OF_BYTE[left & right].sum(axis=-1, dtype=np.int64)
    out = np.full(shared.shape, np.inf)
    np.divide(different, shared, out=out, where=shared > 0)
    return out
