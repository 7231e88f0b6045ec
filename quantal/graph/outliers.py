"""Cutting a merge tree so that a few outliers do not take the place of clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import require_range
from .centroid_pairs import cluster_means
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
    count = _count_with(tree, n_clusters, most)
    if count is None:
        return plain
    labels = tree.cut(count)
    kept = np.bincount(labels) > most
    if kept.all():
        return labels
    means = cluster_means(rows, labels)
    _, nearest = nearest_neighbors(means[~kept], 1, reference=means[kept])
    number = np.empty(len(kept), np.int64)
    number[kept] = np.arange(n_clusters)
    number[~kept] = nearest[:, 0]
    return number[labels]


def _count_with(tree: MergeTree, n_clusters: int, most: float) -> int | None:
    """Return the least number of clusters of which ``n_clusters`` have more than ``most`` rows."""
    sizes = np.bincount(tree.labels)
    n_large = int(np.count_nonzero(sizes > most))
    found = tree.n_initial if n_large == n_clusters else None
    for count, (a, b) in zip(
        range(tree.n_initial - 1, n_clusters - 1, -1), tree.pairs.tolist(), strict=False
    ):
        before = int(sizes[a] > most) + int(sizes[b] > most)
        sizes[a] += sizes[b]
        n_large += int(sizes[a] > most) - before
        if n_large == n_clusters:
            found = count
    return found
