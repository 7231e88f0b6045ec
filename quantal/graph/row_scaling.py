"""Rows without their columns' means, and rows of length 1, before neighbours are looked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..errors import DataError
from .row_blocks import is_sparse

_BLOCK_BYTES = 32 << 20


def without_column_means(x: Any, dtype: type[np.floating[Any]] = np.float32) -> NDArray[Any]:
    """Return rows less the means of their columns, shape (n, d).

    Args:
        x: (n, d) array or memory map.
        dtype: of the result.

    Raises:
        DataError: The rows are sparse.
    """
    if is_sparse(x):
        raise DataError(
            "centered=True fills every zero of sparse rows. Pass X.toarray(), or centered=False."
        )
    means = x.mean(axis=0, dtype=np.float64)
    centered = np.empty(x.shape, dtype)
    step = max(1, _BLOCK_BYTES // (8 * x.shape[1]))
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        np.subtract(x[rows], means, out=centered[rows], casting="same_kind", dtype=np.float64)
    return centered


def scaled_to_unit_length(X: ArrayLike) -> Any:
    """Divide every row by its Euclidean length.

    Args:
        X: (n, d) or (n, ...) numbers: array, memory map or SciPy sparse matrix.

    Returns:
        A new (n, d) float32 array, or a CSR array of float64. Rows of zeros stay as they are.

    Raises:
        DataError: ``X`` has no rows and columns.
    """
    if is_sparse(X):
        table: Any = X
        table = sparse.csr_array(table)
        squared = np.asarray(table.astype(np.float64).power(2).sum(axis=1)).ravel()
        return (sparse.diags_array(_inverse_lengths(squared)) @ table).tocsr()
    values = np.asarray(X)
    if values.ndim < 2 or 0 in values.shape:
        raise DataError(
            f"X must have shape (n_samples, n_features) with at least one of each, got "
            f"{values.shape}."
        )
    values = values.reshape(len(values), -1)
    result = np.empty(values.shape, np.float32)
    step = max(1, _BLOCK_BYTES // (8 * values.shape[1]))
    for start in range(0, len(values), step):
        block = values[start : start + step].astype(np.float64)
        with np.errstate(invalid="ignore"):  # what is not finite is refused by the search
            largest = np.abs(block).max(axis=1)  # squares of huge or tiny numbers leave float64
            block /= np.where(largest > 0, largest, 1.0)[:, None]
            factors = _inverse_lengths(np.einsum("nd,nd->n", block, block))
            result[start : start + step] = block * factors[:, None]
    return result


def _inverse_lengths(squared: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / np.sqrt(np.where(squared > 0, squared, 1.0))
