"""Rows of an array, memory map or sparse matrix, handed out in blocks ready for distances."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..errors import DataError

Block = Any  # (rows, n_features) float array, or a scipy csr slice of the same shape

_SPARSE_PRODUCT_BELOW = 0.01  # share of nonzero entries under which sparse products beat BLAS
_STATISTICS_BYTES = 32 << 20  # rows read at once while the centre is computed


def is_sparse(values: Any) -> bool:
    """Whether ``values`` is a scipy sparse array or matrix."""
    return bool(sparse.issparse(values))


class RowBlocks:
    """Rows of ``X``: shifted blocks for products, exact rows for differences.

    Blocks are shifted by ``centre`` and multiplied by ``shrink`` so that the expansion
    ||a||^2 + ||b||^2 - 2ab loses as few digits as possible. Rows with few nonzero entries
    stay sparse and unshifted, in float64.
    """

    def __init__(self, X: ArrayLike, *, name: str = "X") -> None:
        self.values = _as_rows(X, name)
        self.rows: NDArray[np.int64] | None = None  # None: all rows in order
        self.n_features = int(self.values.shape[1])
        self.is_sparse = is_sparse(self.values)
        self.keep_sparse = self.is_sparse and _density(self.values) < _SPARSE_PRODUCT_BELOW
        self.centre, self.shrink = _centre_and_shrink(self.values, self.keep_sparse, name)

    def subset(self, rows: NDArray[np.int64]) -> RowBlocks:
        """Return these rows only, under the same shift."""
        part = copy(self)
        part.rows = rows
        return part

    def shifted_like(self, other: RowBlocks) -> RowBlocks:
        """Return the same rows under the shift of ``other``, to be compared with its blocks."""
        part = copy(self)
        part.keep_sparse = self.keep_sparse and other.keep_sparse
        part.centre, part.shrink = other.centre, other.shrink
        return part

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.values.shape[0]) if self.rows is None else len(self.rows)

    def block(self, start: int, stop: int, dtype: type[np.floating[Any]] = np.float32) -> Block:
        """Return rows ``start:stop``, shifted and shrunk, (stop - start, n_features)."""
        positions = slice(start, stop) if self.rows is None else self.rows[start:stop]
        return self._prepare(self.values[positions], dtype)

    def pick(self, positions: NDArray[np.int64]) -> Block:
        """Return the rows at ``positions``, shifted and shrunk, in float64."""
        return self._prepare(self.values[self.numbers(positions)], np.float64)

    def numbers(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row numbers in ``X`` of the given positions."""
        return positions if self.rows is None else self.rows[positions]

    def _prepare(self, part: Any, dtype: type[np.floating[Any]]) -> Block:
        if self.keep_sparse:
            return part.astype(np.float64) * self.shrink
        dense = part.toarray() if self.is_sparse else part
        shifted = np.subtract(dense, self.centre, dtype=np.float64)
        shifted *= self.shrink
        return shifted.astype(dtype, copy=False)


def squared_differences(
    queries: RowBlocks,
    query_positions: NDArray[np.int64],
    reference: RowBlocks,
    positions: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Squared distances from differences, without cancellation, in the unit of ``X``.

    Args:
        queries: the rows that ask.
        query_positions: (q,) positions in ``queries``.
        reference: the rows that answer.
        positions: (q, c) positions in ``reference``.

    Returns:
        (q, c) float64, >= 0.
    """
    result = np.empty(positions.shape)
    # About 32 MB of float64 differences at a time.
    step = max(1, (4 << 20) // max(1, positions.shape[1] * queries.n_features))
    for start in range(0, len(positions), step):
        part = slice(start, start + step)
        asked = queries.values[queries.numbers(query_positions[part])]
        found = reference.values[reference.numbers(positions[part].ravel())]
        result[part] = _row_differences(asked, found, positions.shape[1])
    return result


def _row_differences(asked: Any, found: Any, per_row: int) -> NDArray[np.float64]:
    """Squared norms of asked[i] - found[i * per_row + j], (len(asked), per_row)."""
    n = asked.shape[0]
    if is_sparse(asked) and is_sparse(found):
        repeated = asked[np.repeat(np.arange(n), per_row)].astype(np.float64)
        difference = (repeated - found).power(2)
        return np.asarray(difference.sum(axis=1), dtype=np.float64).reshape(n, per_row)
    asked = asked.toarray() if is_sparse(asked) else asked
    found = found.toarray() if is_sparse(found) else found
    gap = np.subtract(found.reshape(n, per_row, -1), asked[:, None, :], dtype=np.float64)
    return np.asarray(np.einsum("qcd,qcd->qc", gap, gap))


def _as_rows(X: ArrayLike, name: str) -> Any:
    """Return ``X`` as a two-dimensional array (images flattened) or a canonical csr matrix."""
    values: Any = X
    if is_sparse(values):
        values = values.tocsr()
        if not values.has_canonical_format:
            values = values.copy()  # sum_duplicates works in place, and X is the caller's
            values.sum_duplicates()
    else:
        values = np.asarray(values)
        if values.ndim > 2:
            values = values.reshape(len(values), -1)
    if values.ndim != 2 or 0 in values.shape:
        raise DataError(
            f"{name} must have shape (n_samples, n_features) with at least one of each, "
            f"got {np.shape(X)}."
        )
    if values.dtype.kind not in "biuf":
        raise DataError(f"{name} must hold real numbers, got dtype {values.dtype}.")
    return values


def _density(values: Any) -> float:
    return float(values.nnz / (values.shape[0] * values.shape[1]))


def _centre_and_shrink(
    values: Any, keep_sparse: bool, name: str
) -> tuple[NDArray[np.float64], float]:
    """Column means, and the factor that brings the largest shifted entry to 1."""
    n, d = values.shape
    if is_sparse(values):
        total = np.asarray(values.sum(axis=0, dtype=np.float64)).ravel()
        low, high = (m.toarray().ravel() for m in (values.min(axis=0), values.max(axis=0)))
    else:
        total, low, high = np.zeros(d), np.full(d, np.inf), np.full(d, -np.inf)
        step = max(1, _STATISTICS_BYTES // (d * values.dtype.itemsize))
        for start in range(0, n, step):
            part = values[start : start + step]
            with np.errstate(invalid="ignore"):  # inf - inf: refused below
                total += part.sum(axis=0, dtype=np.float64)
            np.minimum(low, part.min(axis=0), out=low)
            np.maximum(high, part.max(axis=0), out=high)
    if not np.isfinite(total).all():
        raise DataError(
            f"{name} contains nan or infinite values; neighbours need finite numbers. "
            "Remove or replace these rows first."
        )
    centre = np.zeros(d) if keep_sparse else total / n
    spread = float(np.maximum(high - centre, centre - low).max())
    return centre, (1.0 / spread if spread > 0 else 1.0)
