"""True neighbours in the original space, which hash codes are to find again."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, ParameterError, require_choice, require_range
from ..graph import nearest_neighbors
from ..graph.row_blocks import RowBlocks, is_sparse

Ids = NDArray[np.int64]

_PRODUCTS = 16 << 20  # inner products held at once: 128 MB of float64
_VALUES = 4 << 20  # values of a block of rows in float64: 32 MB


def exact_neighbors(
    rows: ArrayLike,
    queries: ArrayLike,
    k: int,
    metric: Literal["l2", "inner_product"] = "l2",
) -> Ids:
    """The k true neighbours of each query among ``rows``: the ground truth of Recall K@N.

    Distances and inner products decide in float64, so integer data such as SIFT's are exact; the
    float32 expansion that many ground-truth files come from is not. A query that is itself in
    ``rows`` finds itself: take queries from other rows.

    Args:
        rows: (n, d) numbers of any real dtype: array, memory map or scipy sparse matrix.
        queries: (q, d) numbers of any real dtype.
        k: neighbours a query, 1 to n.
        metric: "l2", smallest Euclidean distance, or "inner_product", largest inner product.

    Returns:
        (q, k) int64 row numbers, nearest first; equal distances or products are ordered by the
        lower number. Pass them to `neighbor_histograms`.

    Raises:
        DataError: not rows of finite numbers, or unequal numbers of columns.
        ParameterError: ``k`` is out of range, or another ``metric``.

    Examples:
        >>> exact_neighbors([[0.0], [1.0], [5.0]], [[0.9]], 2).tolist()
        [[1, 0]]
        >>> exact_neighbors([[0.0], [1.0], [5.0]], [[0.9]], 2, "inner_product").tolist()
        [[2, 1]]
    """
    require_choice("metric", metric, ("l2", "inner_product"))
    found, asked = RowBlocks(rows, name="rows"), RowBlocks(queries, name="queries")
    if found.n_features != asked.n_features:
        raise DataError(
            f"rows have {found.n_features} columns and queries have {asked.n_features}; "
            "both must come from the same space."
        )
    require_range("k", k, low=1, integer=True)
    if k > len(found):
        raise ParameterError(f"k must be at most {len(found)}, the number of rows, got {k}.")
    if metric == "l2":
        return nearest_neighbors(asked.values, int(k), reference=found.values)[1]
    return _largest_products(found.values, asked.values, int(k))


def _largest_products(rows: Any, queries: Any, k: int) -> Ids:
    """Row numbers of the k largest inner products, (q, k).

    A matrix product rounds equal rows differently, depending on where they stand in a block. So
    it only selects: what may be among the k largest, within a bound of its error, is computed
    again by sums of one fixed order.
    """
    n, n_queries = rows.shape[0], queries.shape[0]
    ids = np.empty((n_queries, k), np.int64)
    longest = _longest(rows)
    step = max(1, _PRODUCTS // n)
    for start in range(0, n_queries, step):
        asked = _dense(queries[start : start + step])
        products = _products(asked, rows)
        kth = np.partition(products, n - k, axis=1)[:, n - k, None]
        norms = np.sqrt(np.einsum("qd,qd->q", asked, asked))[:, None]
        # Error of a sum of d products in any order, Higham 2002, section 3.1, twice over.
        error = (asked.shape[1] + 2) * np.finfo(np.float64).eps * norms * longest
        query, row = np.nonzero(products >= kth - 2 * error)
        again = _paired_products(asked, query, rows, row)
        order = np.lexsort((row, -again, query))
        first = np.searchsorted(query, np.arange(len(asked)))
        ids[start : start + step] = row[order[first[:, None] + np.arange(k)]]
    return ids


def _products(asked: NDArray[np.float64], rows: Any) -> NDArray[np.float64]:
    """Inner products with all rows, (q, n), read block by block."""
    products = np.empty((len(asked), rows.shape[0]))
    step = max(1, _VALUES // rows.shape[1])
    for start in range(0, rows.shape[0], step):
        part = slice(start, start + step)
        products[:, part] = asked @ _dense(rows[part]).T
    return products


def _paired_products(
    asked: NDArray[np.float64], query: Ids, rows: Any, row: Ids
) -> NDArray[np.float64]:
    """Inner products of the pairs (asked[query[j]], rows[row[j]]), (len(row),)."""
    result = np.empty(len(row))
    step = max(1, _VALUES // rows.shape[1])
    for start in range(0, len(row), step):
        part = slice(start, start + step)
        pairs = asked[query[part]], _dense(rows[row[part]])
        result[part] = np.einsum("cd,cd->c", *pairs)
    return result


def _longest(rows: Any) -> float:
    """Largest Euclidean norm of a row."""
    step = max(1, _VALUES // rows.shape[1])
    parts = (_dense(rows[start : start + step]) for start in range(0, rows.shape[0], step))
    return float(np.sqrt(max(np.einsum("nd,nd->n", part, part).max() for part in parts)))


def _dense(part: Any) -> NDArray[np.float64]:
    return np.asarray(part.toarray() if is_sparse(part) else part, dtype=np.float64)
