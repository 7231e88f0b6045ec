"""First clusters of agglomeration: rows joined to their nearest neighbour."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ..errors import DataError, require_range
from .compiled import compiled

_NONE, _CHASED = -1, -2


def initial_clusters(
    neighbors: ArrayLike, *, longest_chain: int | None = None
) -> NDArray[np.int64]:
    """Join every row to its nearest other row; clusters are what hangs together.

    Each cluster holds exactly one pair of rows that are nearest to each other, so there are as
    many clusters as such pairs: about a quarter of the rows for data of many dimensions.

    Args:
        neighbors: (n,) or (n, k) row numbers, nearest first, as `nearest_neighbors` and
            `affinity_graph` give them; only the first column is used.
        longest_chain: None, or the cut of the Torch code of JULE: chains of nearest neighbours are
            followed from row 0 on, and one is cut once it has collected more than this many rows
            without a cluster (there: 50). The result then depends on the order of rows.

    Returns:
        (n,) int64 labels from 0, numbered by the first row of each cluster.

    Raises:
        DataError: ``neighbors`` holds no row numbers, or a row is its own neighbour.
        ParameterError: ``longest_chain`` is below 1.

    Source: Yang, Parikh, Batra 2016 (JULE), as their two codes do it.
    """
    nearest = np.asarray(neighbors)
    nearest = nearest[:, 0] if nearest.ndim == 2 and nearest.shape[1] else nearest
    _require_rows(nearest)
    n = len(nearest)
    if longest_chain is not None:
        require_range("longest_chain", longest_chain, low=1, integer=True)
        return _numbered(_chased(nearest.astype(np.int64), int(longest_chain)))
    edges = sparse.csr_array((np.ones(n, np.int8), nearest, np.arange(n + 1)), shape=(n, n))
    _, labels = connected_components(edges, directed=True, connection="weak")
    return _numbered(labels)


def _require_rows(nearest: NDArray[Any]) -> None:
    n = len(nearest) if nearest.ndim else 0
    is_rows = nearest.ndim == 1 and n > 0 and nearest.dtype.kind in "iu"
    if not is_rows or nearest.min() < 0 or nearest.max() >= n:
        raise DataError(
            f"neighbors must hold row numbers from 0 to n - 1, shape (n,) or (n, k), got shape "
            f"{nearest.shape} and dtype {nearest.dtype}. Pass the indices of nearest_neighbors."
        )
    own = np.flatnonzero(nearest == np.arange(n))
    if len(own):
        raise DataError(
            f"neighbors names row {own[0]} as its own nearest neighbour. Leave the row itself out."
        )


def _numbered(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Number clusters by their first row."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


@compiled
def _chased(nearest: Any, longest: int) -> Any:
    """Follow nearest neighbours from each row to a row that has a cluster, or for too long."""
    labels = np.full(len(nearest), _NONE, np.int64)
    chain = np.empty(longest + 1, np.int64)
    n_clusters = 0
    for start in range(len(nearest)):
        row, length = start, 0
        while labels[row] == _NONE and length <= longest:
            chain[length] = row
            labels[row] = _CHASED
            length += 1
            row = nearest[row]
        if labels[row] < 0:  # the chain bit its own tail, or was cut in front of a free row
            labels[row] = n_clusters
            n_clusters += 1
        for place in range(length):
            labels[chain[place]] = labels[row]
    return labels
