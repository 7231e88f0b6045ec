"""Cutting a merge tree so that a few outliers do not take the place of clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import row_chunks
from ..errors import require_range
from .merge_tree import MergeTree
from .neighbors import nearest_neighbors

OUTLIER_SHARE = 0.1
"""Share of the average cluster's rows below which a cluster may be one of outliers."""


def cut_joining_outliers(
    tree: MergeTree, n_clusters: int, rows: Any, n_neighbors: int
) -> NDArray[np.int64]:
    """Cut a tree where so many clusters of more than outliers are left, and join the outliers.

    Rows that few others point back at have next to no affinity to anything. They stay a cluster to
    the end of an agglomeration, and true clusters are merged in their stead. Here a cluster of no
    more than ``n_neighbors`` rows, and of no more than a tenth of the average, does not count: the
    tree is cut higher, where ``n_clusters`` others are left, and its rows go to the cluster whose
    mean is nearest.

    Args:
        tree: the merges.
        n_clusters: clusters wanted.
        rows: (n, d) rows whose means are compared.
        n_neighbors: neighbours of each row in the graph.

    Returns:
        (n,) int64 labels from 0; as `MergeTree.cut` gives them where no cluster is of outliers or
        the tree never had so many others.

    Raises:
        ParameterError: The tree never had ``n_clusters`` clusters.
    """
    require_range("n_neighbors", n_neighbors, low=1, integer=True)
    plain = tree.cut(n_clusters)
    most = min(n_neighbors, OUTLIER_SHARE * len(plain) / n_clusters)
    labels = plain
    for count in range(n_clusters, tree.n_initial + 1):
        sizes = np.bincount(labels)
        if np.count_nonzero(sizes > most) == n_clusters:
            return _joined(labels, sizes > most, rows)
        if count < tree.n_initial:
            labels = tree.cut(count + 1)
    return plain


def _joined(labels: NDArray[np.int64], kept: NDArray[np.bool_], rows: Any) -> NDArray[np.int64]:
    """Give the rows of clusters that are not kept to the nearest mean of those that are."""
    if kept.all():
        return labels
    means = _means(rows, labels, len(kept))
    _, nearest = nearest_neighbors(means[~kept], 1, reference=means[kept])
    number = np.empty(len(kept), np.int64)
    number[kept] = np.arange(np.count_nonzero(kept))
    number[~kept] = nearest[:, 0]
    return number[labels]


def _means(rows: Any, labels: NDArray[np.int64], n_clusters: int) -> NDArray[np.float64]:
    """Return the mean row of each cluster, (n_clusters, d)."""
    total = np.zeros((n_clusters, int(rows.shape[1])))
    for start, part in row_chunks(rows):
        dense = np.asarray(part) if isinstance(part, np.ndarray) else part.toarray()
        np.add.at(total, labels[start : start + len(dense)], dense)
    return total / np.bincount(labels, minlength=n_clusters)[:, None]
