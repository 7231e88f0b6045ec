"""Squared distances of all pairs of rows, or of near pairs only where all are too many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..data.memory_ceiling import require_memory
from ..errors import require_choice
from ..threads import run_all, thread_count
from .neighbors import nearest_neighbors
from .row_scaling import without_column_means

DENSE_ROWS = 12_000
"""Rows above which "auto" keeps near pairs only: all pairs would take more than 1.1 GB."""

AFFINITIES = ("auto", "dense", "neighbors")
_BLOCK = 1024
_OUTER = 64  # rows far out, one of which is nearly always of the pair farthest apart


@dataclass
class PairDistances:
    """Squared Euclidean distances of pairs of rows.

    Attributes:
        squared: (n, n) float64 array with all pairs, or CSR array with near pairs (both
            directions of each, no row with itself; a stored 0 is a distance, too).
        mean: Mean over all n x n pairs, each row with itself included.
        greatest: The greatest of all pairs; with near pairs only, of all pairs with one of the 64
            rows that are farthest from the mean.
    """

    squared: Any
    mean: float
    greatest: float

    def weigh(self, weight: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Any:
        """Replace the squared distances by weights, in place, and return these.

        Args:
            weight: elementwise, from squared distances to weights.
        """
        if sp.issparse(self.squared):
            self.squared.data = weight(self.squared.data)
            return self.squared
        for start, stop in _spans(len(self.squared)):
            self.squared[start:stop] = weight(self.squared[start:stop])
        return self.squared

    def divide(self, scales: NDArray[np.float64], least: float) -> None:
        """Divide each squared distance by the product of its rows' scales, in place.

        Args:
            scales: one a row, shape (n,), >= 0.
            least: smallest product, > 0.
        """
        if sp.issparse(self.squared):
            rows = np.repeat(scales, np.diff(self.squared.indptr))
            self.squared.data /= np.maximum(rows * scales[self.squared.indices], least)
            return
        for start, stop in _spans(len(self.squared)):
            self.squared[start:stop] /= np.maximum(scales[start:stop, None] * scales, least)


def affinity_form(affinity: str, n_rows: int) -> str:
    """Return "dense" or "neighbors": what is kept of the pairs of so many rows.

    Args:
        affinity: "dense", "neighbors", or "auto": dense up to 12,000 rows.
        n_rows: number of rows.

    Raises:
        ParameterError: ``affinity`` is something else.
    """
    require_choice("affinity", affinity, AFFINITIES)
    if affinity != "auto":
        return affinity
    return "dense" if n_rows <= DENSE_ROWS else "neighbors"


def pair_distances(
    x: Any, form: str, n_neighbors: int, *, unit_rows: bool, centered: bool = False
) -> PairDistances:
    """Return squared distances of pairs of rows.

    Args:
        x: (n, d) array, memory map or CSR array, n >= 2.
        form: "dense" for all pairs, "neighbors" for each row and its nearest ones.
        n_neighbors: nearest rows of each that "neighbors" keeps, at most n - 1 are.
        unit_rows: bring every row that is not zero to length 1 first.
        centered: subtract the columns' means before that.

    Raises:
        DataError: Sparse rows are to be centred, or all pairs do not fit in memory.
    """
    n = int(x.shape[0])
    if form == "dense":
        require_memory(8 * n * n, f"The affinity of all pairs of {n:,} rows (affinity='dense')")
        rows = _as_float(x, np.float64, unit_rows, centered)
        squared = _all_pairs(rows)
        return PairDistances(squared, float(squared.mean()), float(squared.max()))
    rows = _as_float(x, np.float32, unit_rows, centered)
    return PairDistances(
        _near_pairs(rows, min(n_neighbors, n - 1)), _mean_of_all(rows), _greatest(rows)
    )


def _as_float(x: Any, dtype: type[np.floating[Any]], unit_rows: bool, centered: bool) -> Any:
    rows = without_column_means(x, dtype) if centered else x.astype(dtype)
    if not unit_rows:
        return rows
    lengths = np.sqrt(_squared_norms(rows))
    factors = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0).astype(dtype)
    if sp.issparse(rows):
        return sp.csr_array(sp.diags_array(factors) @ rows)
    rows *= factors[:, None]
    return rows


def _squared_norms(rows: Any) -> NDArray[np.float64]:
    if sp.issparse(rows):
        return np.asarray(rows.astype(np.float64).power(2).sum(axis=1)).ravel()
    norms: NDArray[np.float64] = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    return norms


def _all_pairs(rows: Any) -> NDArray[np.float64]:
    """||a||^2 + ||b||^2 - 2ab in blocks on and above the diagonal, mirrored: exactly symmetric."""
    n = rows.shape[0]
    if not sp.issparse(rows):
        rows = rows - rows.mean(axis=0)  # a large offset would cost digits
    norms = _squared_norms(rows)
    out = np.empty((n, n))

    def fill(first: tuple[int, int], second: tuple[int, int]) -> None:
        (a, b), (c, d) = first, second
        product = rows[a:b] @ rows[c:d].T
        product = product.toarray() if sp.issparse(product) else product
        block = np.maximum(norms[a:b, None] + norms[None, c:d] - 2 * product, 0)
        if first == second:
            block = (block + block.T) / 2
            np.fill_diagonal(block, 0)
        out[a:b, c:d] = block
        out[c:d, a:b] = block.T

    spans = list(_spans(n))
    pairs = [(first, second) for i, first in enumerate(spans) for second in spans[i:]]
    run_all([partial(fill, *pair) for pair in pairs], thread_count(None))
    return out


def _near_pairs(rows: Any, k: int) -> Any:
    """CSR array of the squared distances to the k nearest, in both directions."""
    n = int(rows.shape[0])
    distances, indices = nearest_neighbors(rows, k)
    own = np.repeat(np.arange(n), k)
    other = indices.ravel()
    keys = np.minimum(own, other) * n + np.maximum(own, other)
    keys, first = np.unique(keys, return_index=True)
    squared = distances.ravel()[first].astype(np.float64) ** 2
    low, high = keys // n, keys % n
    where = (np.concatenate([low, high]), np.concatenate([high, low]))
    order = np.lexsort(where[::-1])
    counts = np.bincount(where[0], minlength=n)
    start = np.concatenate([[0], np.cumsum(counts)])
    return sp.csr_array((np.tile(squared, 2)[order], where[1][order], start), shape=(n, n))


def _mean_of_all(rows: Any) -> float:
    """Mean squared distance of all n x n pairs: twice the mean square less the squared mean."""
    mean = np.asarray(rows.mean(axis=0, dtype=np.float64)).ravel()
    return 2 * max(float(_squared_norms(rows).mean() - mean @ mean), 0.0)


def _greatest(rows: Any) -> float:
    """Greatest squared distance from any of the rows farthest from the mean."""
    mean = np.asarray(rows.mean(axis=0, dtype=np.float64)).ravel()
    norms = _squared_norms(rows)
    outer = np.argsort(norms - 2 * np.asarray(rows @ mean.astype(rows.dtype)).ravel())[-_OUTER:]
    greatest = 0.0
    for start, stop in _spans(int(rows.shape[0])):
        product = rows[start:stop] @ rows[outer].T
        product = product.toarray() if sp.issparse(product) else product
        squared = norms[start:stop, None] + norms[outer] - 2 * product
        greatest = max(greatest, float(squared.max()))
    return greatest


def _spans(n: int) -> list[tuple[int, int]]:
    return [(start, min(start + _BLOCK, n)) for start in range(0, n, _BLOCK)]
