"""Nearest pairs of clusters by their means, for clusters that no affinity links."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .neighbors import nearest_neighbors
from .row_blocks import is_sparse


def cluster_means(rows: Any, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean row of each cluster, shape (clusters, d).

    Args:
        rows: (n, d) array, memory map or SciPy sparse matrix; other axes are taken as columns.
        labels: (n,) int64 labels from 0, each of them in use.
    """
    n = len(labels)
    sizes = np.bincount(labels)
    members = sparse.csr_array((np.ones(n), labels, np.arange(n + 1)), shape=(n, len(sizes)))
    table = rows if is_sparse(rows) else np.asarray(rows).reshape(n, -1)
    sums = members.T @ table  # float64
    return np.asarray((sums.toarray() if is_sparse(sums) else sums) / sizes[:, None])


class CentroidPairs:
    """Means of clusters, merged one pair after another.

    Time a merge is that of one mean's distances to all others; no table of pairs is held.

    Args:
        rows: (n, d) array, memory map or SciPy sparse matrix.
        labels: (n,) int64 labels from 0, each of them in use.
    """

    def __init__(self, rows: Any, labels: NDArray[np.int64]) -> None:
        self.sizes = np.bincount(labels).astype(np.float64)
        self.means = cluster_means(rows, labels)
        self.alive = np.ones(len(self.sizes), np.bool_)
        distances, nearest = nearest_neighbors(self.means, 1, n_threads=1)
        self.nearest = nearest[:, 0]
        self.squared = distances[:, 0].astype(np.float64) ** 2

    def closest(self) -> tuple[int, int]:
        """Return the two clusters whose means are nearest; equal ones by the lower numbers."""
        a = int(np.argmin(np.where(self.alive, self.squared, np.inf)))
        b = int(self.nearest[a])
        return min(a, b), max(a, b)

    def merge(self, a: int, b: int) -> None:
        """Merge cluster b into cluster a."""
        total = self.sizes[a] + self.sizes[b]
        self.means[a] += (self.means[b] - self.means[a]) * (self.sizes[b] / total)
        self.sizes[a] = total
        self.alive[b] = False
        if self.alive.sum() == 1:
            return
        own = self._distances(a)
        closer = self.alive & (own < self.squared)
        closer[a] = False
        self.nearest[closer], self.squared[closer] = a, own[closer]
        lost = self.alive & ((self.nearest == a) | (self.nearest == b)) & ~closer
        lost[a] = True
        for c in np.flatnonzero(lost).tolist():
            distances = own if c == a else self._distances(c)
            self.nearest[c] = int(np.argmin(distances))
            self.squared[c] = distances[self.nearest[c]]

    def _distances(self, c: int) -> NDArray[np.float64]:
        """Return the squared distances of a cluster to all others, inf to itself and the dead."""
        gaps = self.means - self.means[c]
        squared = np.einsum("cd,cd->c", gaps, gaps)
        squared[~self.alive] = np.inf
        squared[c] = np.inf
        return np.asarray(squared)
