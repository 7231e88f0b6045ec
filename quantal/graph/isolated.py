"""Clusters that nothing on the graph links with others, joined to those nearest by their means."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..data.memory_map import row_chunks
from .neighbors import nearest_neighbors


def join_isolated(
    weights: sparse.csr_array, labels: ArrayLike, rows: Any, *, least: int = 1
) -> NDArray[np.int64]:
    """Join every cluster without any affinity to the cluster whose mean is nearest.

    Such a cluster, often of two or three outliers, keeps its place to the end of an agglomeration
    by affinity, and true clusters are merged in its stead.

    Args:
        weights: W, (n, n) SciPy sparse array, as in ``affinity_graph(X).weights``.
        labels: (n,) whole numbers from 0, the cluster of each row.
        rows: (n, d) rows whose means are compared.
        least: clusters that must be left; nothing is joined where fewer would be.

    Returns:
        (n,) int64 labels from 0, in the order of the clusters that are left.

    Source: the authors' Torch code of JULE, which does so where there are more than 20 times as
        many clusters as wanted.
    """
    found = np.asarray(labels, np.int64)
    n_clusters = int(found.max()) + 1
    linked = _linked(weights, found, n_clusters)
    if linked.all() or linked.sum() < max(least, 1):
        return found
    means = _means(rows, found, n_clusters)
    kept = np.flatnonzero(linked)
    _, nearest = nearest_neighbors(means[~linked], 1, reference=means[kept])
    number = np.empty(n_clusters, np.int64)
    number[kept] = np.arange(len(kept))
    number[~linked] = nearest[:, 0]
    return number[found]


def _linked(
    weights: sparse.csr_array, labels: NDArray[np.int64], n_clusters: int
) -> NDArray[np.bool_]:
    """Whether each cluster has an affinity above 0 to another one."""
    n = len(labels)
    members = sparse.csr_array((np.ones(n), (np.arange(n), labels)), shape=(n, n_clusters))
    # A row links its cluster with another one if it points into it and is pointed at from it.
    both = sparse.coo_array((weights @ members).multiply(weights.T @ members))
    across = (both.data > 0) & (labels[both.row] != both.col)
    linked = np.zeros(n_clusters, bool)
    linked[labels[both.row[across]]] = True
    linked[both.col[across]] = True
    return linked


def _means(rows: Any, labels: NDArray[np.int64], n_clusters: int) -> NDArray[np.float64]:
    """Return the mean row of each cluster, (n_clusters, d)."""
    total = np.zeros((n_clusters, int(rows.shape[1])))
    for start, part in row_chunks(rows):
        dense = np.asarray(part) if isinstance(part, np.ndarray) else part.toarray()
        np.add.at(total, labels[start : start + len(dense)], dense)
    return total / np.bincount(labels, minlength=n_clusters)[:, None]
