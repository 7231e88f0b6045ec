"""Candidates ranked again by the rows themselves."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, ParameterError, require_choice, require_range
from .dense_rows import dense_rows, sliceable
from .ordering import first_by_score
from .partition import spans

METRICS = ("l2", "inner_product")

_GATHERED_BYTES = 32 << 20  # of candidates' rows in float64 at a time


def rerank(
    candidate_ids: NDArray[np.int64],
    queries: ArrayLike,
    rows: Any,
    k: int,
    metric: Literal["l2", "inner_product"] = "l2",
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Rank candidates by exact distance to their rows and keep the k best.

    The last stage of a search by codes, where the rows are kept: it reads only the candidates.

    Args:
        candidate_ids: (q, c) int64 row numbers, such as a search returns; -1 is passed over.
        queries: (q, d) real numbers.
        rows: (n, d) array, memory map or sparse matrix; images are taken as rows.
        k: rows per query, from 1 to c.
        metric: "l2": smallest Euclidean distance; "inner_product": largest inner product.

    Returns:
        distances: (q, k) float32, Euclidean distances ascending, or inner products descending;
            infinite (or minus infinite) where a query had fewer than k candidates.
        ids: (q, k) int64 row numbers, ties by the lower; -1 where there was no candidate left.

    Raises:
        DataError: Arrays that do not fit together, or values that are not finite.
        ParameterError: ``k`` or ``metric`` is out of range.
    """
    require_choice("metric", metric, METRICS)
    rows = sliceable(rows)
    width = int(np.prod(rows.shape[1:], dtype=np.int64))
    asked = real_queries(queries, width)
    ids = require_candidates(candidate_ids, len(asked), rows.shape[0])
    require_range("k", k, low=1, integer=True)
    if k > ids.shape[1]:
        raise ParameterError(
            f"k must be at most {ids.shape[1]}, the number of candidates per query, got {k}. "
            "Pass a smaller k or more candidates."
        )
    scores = np.empty(ids.shape)
    step = max(1, _GATHERED_BYTES // max(1, 8 * ids.shape[1] * width))
    for start, stop in spans(len(asked), step):
        part = slice(start, stop)
        scores[part] = _scores(asked[part], _gather(rows, ids[part], width), metric)
    if not np.isfinite(scores[ids >= 0]).all():
        raise DataError("Some candidates' rows contain nan or infinite values. Replace them first.")
    scores[ids < 0] = np.inf
    scores, best = first_by_score(scores, ids, int(k))
    distances = np.sqrt(scores) if metric == "l2" else -scores
    return distances.astype(np.float32), best


def real_queries(queries: Any, n_features: int) -> NDArray[np.float64]:
    """Return queries as (q, n_features) float64, or raise DataError."""
    values = dense_rows(queries, "queries")
    if values.shape[1] != n_features:
        raise DataError(
            f"queries have {values.shape[1]} columns, but the rows behind the codes have "
            f"{n_features}. Prepare queries as the rows were."
        )
    if not np.isfinite(values).all():
        raise DataError("queries contain nan or infinite values. Remove or replace them first.")
    return values


def require_candidates(candidates: Any, n_queries: int, n_rows: int) -> NDArray[np.int64]:
    """Return (n_queries, c) row numbers from -1 to n_rows - 1 as int64, or raise DataError."""
    ids = np.asarray(candidates)
    if ids.ndim != 2 or len(ids) != n_queries or ids.dtype.kind not in "iu":
        raise DataError(
            f"candidates must be integers of shape ({n_queries}, c), one row a query, got "
            f"{ids.dtype} of shape {ids.shape}."
        )
    if ids.size and not (ids.min() >= -1 and ids.max() < n_rows):
        raise DataError(
            f"candidates must be row numbers from 0 to {n_rows - 1}, or -1, got {ids.min()} to "
            f"{ids.max()}. Were they found in other codes?"
        )
    return np.ascontiguousarray(ids, np.int64)


def _gather(rows: Any, ids: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """Return the rows (q, c, width); any row where the id is -1."""
    found = dense_rows(rows[np.maximum(ids, 0).ravel()], "rows")
    return found.reshape(*ids.shape, width)


def _scores(
    queries: NDArray[np.float64], found: NDArray[np.float64], metric: str
) -> NDArray[np.float64]:
    """Return (q, c), lower is better: squared distances, or negative inner products."""
    if metric == "inner_product":
        return np.asarray(-np.einsum("qcd,qd->qc", found, queries))
    found -= queries[:, None, :]
    return np.asarray(np.einsum("qcd,qcd->qc", found, found))
