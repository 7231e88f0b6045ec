"""Agglomeration by graph degrees on dense matrices, as the published codes have it.

W is an n x n matrix, affinities of all pairs of clusters are a table, and each merge looks for the
largest entry of the whole table. The exact update takes the rows of the merged cluster out of W and
sums their paths to every cluster; the accelerated one adds two rows and two columns of the table.
It is the peer of the speed benchmarks and the dense reference in the figure of seconds.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from quantal.errors import require_choice
from quantal.graph import affinity_graph, initial_clusters

UPDATES = ("exact", "alpha")


class DenseGraphDegreeLinkage:
    """What `quantal.clustering.GraphDegreeLinkage` computes, with dense matrices.

    Args:
        n_clusters: number of clusters.
        random_state: nothing is drawn at random.
        n_neighbors: edges of each row.
        centered: subtract the columns' means.
        unit_rows: then bring rows to length 1.
        update: "exact" (Eq. 3) or "alpha" (Eq. 9).
        alpha: for "alpha".
    """

    labels_: NDArray[np.int64]

    def __init__(
        self,
        n_clusters: int,
        random_state: int = 0,
        *,
        n_neighbors: int = 20,
        centered: bool = False,
        unit_rows: bool = False,
        update: str = "exact",
        alpha: float = 0.0,
    ) -> None:
        require_choice("update", update, UPDATES)
        self.n_clusters, self.random_state, self.n_neighbors = n_clusters, random_state, n_neighbors
        self.centered, self.unit_rows = centered, unit_rows
        self.update, self.alpha = update, alpha

    def fit(self, X: Any) -> Self:
        """Cluster the rows ``X``, (n, d)."""
        x = np.asarray(X, dtype=np.float64)
        x = x - x.mean(axis=0) if self.centered else x
        graph = affinity_graph(
            x, self.n_neighbors, unit_rows=self.unit_rows, sigma_doubling=True, n_threads=1
        )
        first = initial_clusters(graph.neighbors)
        alpha = self.alpha if self.update == "alpha" else None
        self.labels_ = dense_merges(graph.weights.toarray(), first, self.n_clusters, alpha)
        return self


def dense_merges(
    weights: NDArray[Any], labels: NDArray[np.int64], n_clusters: int, alpha: float | None = None
) -> NDArray[np.int64]:
    """Merge clusters of rows until ``n_clusters`` are left and return the labels, (n,).

    Args:
        weights: W, (n, n), with zeros on its diagonal.
        labels: first clusters, numbered from 0.
        n_clusters: where to stop; earlier where no two clusters are linked any more.
        alpha: ratio of the accelerated update; None: the exact one.
    """
    labels = labels.copy()
    flows = _flows(weights, labels)
    sizes = np.bincount(labels).astype(np.float64)
    table = _affinities(flows, sizes)
    for _ in range(len(sizes) - n_clusters):
        a, b = sorted(divmod(int(table.argmax()), len(sizes)))
        if table[a, b] <= 0:
            break
        labels[labels == b] = a
        sizes[a] += sizes[b]
        flows[a] += flows[b]
        if alpha is None:
            flows[:, a] = _flows_into(weights, labels, a, len(sizes))
        else:
            flows[:, a] = (1 + alpha) * (flows[:, a] + flows[:, b])
        flows[a, a] = 0
        flows[b] = flows[:, b] = table[b] = table[:, b] = 0
        table[a] = flows[a] / sizes**2 + flows[:, a] / sizes[a] ** 2
        table[:, a] = table[a]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _flows(weights: NDArray[Any], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """U[i, j]: over rows x of i, the sum of (weights into j) times (weights from j)."""
    n = len(labels)
    members = sparse.csr_array((np.ones(n), (labels, np.arange(n))))
    flows: NDArray[np.float64] = members @ ((members @ weights.T) * (members @ weights)).T
    np.fill_diagonal(flows, 0)
    return flows


def _flows_into(
    weights: NDArray[Any], labels: NDArray[np.int64], c: int, n_first: int
) -> NDArray[np.float64]:
    """Column c of U, from W."""
    members = np.flatnonzero(labels == c)
    paths = weights[:, members].sum(axis=1) * weights[members].sum(axis=0)
    return np.bincount(labels, weights=paths, minlength=n_first)


def _affinities(flows: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    directed = flows / sizes[None, :] ** 2
    return directed + directed.T
