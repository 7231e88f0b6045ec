"""Rows of any kind as float64 vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError


def sliceable(rows: Any) -> Any:
    """Return rows that can be cut: CSR if sparse, else an array or memory map, not copied."""
    from scipy.sparse import issparse

    return rows.tocsr() if issparse(rows) else np.asarray(rows)


def dense_rows(block: Any, name: str) -> NDArray[np.float64]:
    """Return a block of rows, dense or sparse, as (n, d) float64; images become vectors.

    Raises:
        DataError: Not rows of real numbers.
    """
    from scipy.sparse import issparse

    values: NDArray[Any] = block.toarray() if issparse(block) else np.asarray(block)
    if values.ndim < 2 or values.dtype.kind not in "biuf":
        raise DataError(
            f"{name} must be real numbers of shape (n, d), got {values.dtype} of shape "
            f"{values.shape}."
        )
    width = math.prod(values.shape[1:])  # not -1, which no rows leave open
    flat: NDArray[np.float64] = values.reshape(len(values), width).astype(np.float64)
    return flat
