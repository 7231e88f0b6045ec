"""Graph degree linkage: merge the clusters that point at each other most."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import require_choice, require_range
from ..graph import MergeTree, agglomerate
from .linkage_clusterer import LinkageClusterer

UPDATES = ("exact", "alpha", "eq7")


class GraphDegreeLinkage(LinkageClusterer):
    """Agglomeration on a directed graph by the products of in- and out-degrees (GDL).

    Rows are joined to their nearest neighbour first. The affinity of two clusters then grows with
    what each row of one sends to the other times what it receives from there, over the squared
    size of the other; the two clusters of highest affinity are merged until n_clusters are left.
    Groups of any shape are found as long as they are dense. Labels exist for the fitted rows only.

    Args:
        n_clusters: number of clusters.
        n_neighbors: neighbours of each row in the graph (K).
        kernel_width: the mean squared distance of neighbours times this is sigma^2 in the weight
            exp(-d^2 / sigma^2) of an edge (a).
        sigma_doubling: double sigma^2 until every row's nearest neighbour weighs at least 1e-5.
        centered: subtract the columns' means first; changes nothing without ``unit_rows``.
        unit_rows: bring rows to length 1 before neighbours are looked for.
        update: "exact"; or the accelerations of the JULE paper: "alpha", which takes cross terms
            of a merge for ``alpha`` times their diagonal partners, or "eq7", by which degrees grow
            with sizes. Here they save no time.
        alpha: that ratio, > -1.
        on_exhausted: what to do when no two clusters are linked before n_clusters are left:
            "grow_ks": double the neighbours; "centroid": merge the nearest means.
        outliers: "keep": a few outliers that nothing points back at may be a cluster, and true ones
            are merged in their stead; "join": they do not count and join the nearest mean, see
            `quantal.graph.cut_joining_outliers`. ``tree_`` holds them as they were merged.
        random_state: accepted as everywhere; nothing is drawn.

    Attributes:
        labels_: Cluster of each row, shape (n,), int64; clusters are numbered by size.
        cluster_sizes_: Rows in each cluster, shape (n_clusters,), int64.
        tree_: The `quantal.graph.MergeTree`; `labels_at` cuts it at any number of clusters.
        first_labels_: Cluster of each row before the first merge, shape (n,), int64.
        merges_: The two clusters of each merge, shape (m, 2), int64.
        merge_scores_: Their affinities, shape (m,), float64.
        merge_sizes_: Rows of each merged cluster, shape (m,), int64.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Zhang, Wang, Zhao, Tang 2012, "Graph Degree Linkage: Agglomerative Clustering on a
        Directed Graph".
    Differs: clusters that nothing links are not merged in the order of a scan, as the authors'
    toolbox does; rows whose first clusters are fewer than n_clusters start alone.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.clustering import GraphDegreeLinkage
        >>> model = GraphDegreeLinkage(10).fit(load_digits().data)
        >>> model.labels_at(20).max()
        np.int64(19)
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        n_neighbors: int = 20,
        kernel_width: float = 1.0,
        sigma_doubling: bool = True,
        centered: bool = False,
        unit_rows: bool = False,
        update: str = "exact",
        alpha: float = 0.0,
        on_exhausted: str = "grow_ks",
        outliers: str = "keep",
        random_state: Any = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_neighbors = n_neighbors
        self.kernel_width = kernel_width
        self.sigma_doubling = sigma_doubling
        self.centered = centered
        self.unit_rows = unit_rows
        self.update = update
        self.alpha = alpha
        self.on_exhausted = on_exhausted
        self.outliers = outliers
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_choice("update", self.update, UPDATES)
        require_range("alpha", self.alpha, low=-1, low_open=True)

    def _merged(self, weights: Any, labels: NDArray[np.int64], regrow: Any, rows: Any) -> MergeTree:
        return agglomerate(
            weights,
            labels,
            self.n_clusters,
            update=self.update,
            alpha=self.alpha,
            on_exhausted=self.on_exhausted,
            rows=rows,
            regrow=regrow,
        )
