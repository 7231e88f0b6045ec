"""What the agglomerative methods on a directed graph share: graph, first clusters, merge tree."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ..errors import require_choice, require_range
from ..graph import MergeTree, affinity_graph, cut_joining_outliers, initial_clusters
from ..graph.row_scaling import scaled_to_unit_length, without_column_means
from .cluster_order import by_size
from .partition_clusterer import PartitionClusterer

EXHAUSTED = ("grow_ks", "centroid")
OUTLIERS = ("keep", "join")


class LinkageClusterer(PartitionClusterer):
    """Base of the methods that join rows to their nearest neighbour and merge what is most alike.

    A subclass writes `_merged`. All of them are deterministic.

    Attributes:
        first_labels_: Cluster of each row before the first merge, shape (n,), int64.
        merges_: The two clusters of each merge, shape (m, 2), int64.
        merge_scores_: The score of each merge, shape (m,), float64.
        merge_sizes_: Rows of each merged cluster, shape (m,), int64.
    """

    fitted_arrays: ClassVar[dict[str, tuple[str, int]]] = {
        "first_labels_": ("int64", 1),
        "merges_": ("int64", 2),
        "merge_scores_": ("float64", 1),
        "merge_sizes_": ("int64", 1),
    }

    n_neighbors: int
    kernel_width: float
    sigma_doubling: bool
    centered: bool
    unit_rows: bool
    on_exhausted: str
    outliers: str

    @abstractmethod
    def _merged(self, weights: Any, labels: NDArray[np.int64], regrow: Any, rows: Any) -> MergeTree:
        """Merge clusters until ``n_clusters`` are left.

        Args:
            weights: W, (n, n) CSR array.
            labels: (n,) first clusters.
            regrow: k -> W of k neighbours.
            rows: (n, d) rows of which the graph was made.
        """

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_range("n_neighbors", self.n_neighbors, low=1, integer=True)
        require_range("kernel_width", self.kernel_width, low=0, low_open=True)
        require_choice("sigma_doubling", self.sigma_doubling, (True, False))
        require_choice("centered", self.centered, (True, False))
        require_choice("unit_rows", self.unit_rows, (True, False))
        require_choice("on_exhausted", self.on_exhausted, EXHAUSTED)
        require_choice("outliers", self.outliers, OUTLIERS)

    def _fit(self, x: Any, generator: np.random.Generator) -> NDArray[np.int64]:  # noqa: ARG002
        rows = without_column_means(x) if self.centered else x
        rows = scaled_to_unit_length(rows) if self.unit_rows else rows
        graph = self._graph(rows, self.n_neighbors)
        labels = initial_clusters(graph.neighbors)
        if labels.max() + 1 < self.n_clusters:
            labels = np.arange(len(labels))
        tree = self._merged(graph.weights, labels, lambda k: self._graph(rows, k).weights, rows)
        self.first_labels_, self.merges_ = tree.labels, tree.pairs
        self.merge_scores_, self.merge_sizes_ = tree.scores, tree.sizes
        if self.outliers == "join":
            return cut_joining_outliers(tree, tree.n_final, rows, int(self.n_neighbors))
        return tree.cut(tree.n_final)

    def _graph(self, rows: Any, n_neighbors: int) -> Any:
        return affinity_graph(
            rows,
            n_neighbors,
            a=self.kernel_width,
            unit_rows=False,
            sigma_doubling=self.sigma_doubling,
        )

    @property
    def tree_(self) -> MergeTree:
        """The merges from the first clusters to the last."""
        if not hasattr(self, "merges_"):
            raise AttributeError(f"{type(self).__name__} has no tree_ before fit.")
        return MergeTree(self.first_labels_, self.merges_, self.merge_scores_, self.merge_sizes_)

    def labels_at(self, n_clusters: int) -> NDArray[np.int64]:
        """Return the labels of the fit's rows when more clusters were left.

        Args:
            n_clusters: from that of the fit to the number of first clusters.

        Returns:
            (n,) int64, numbered by size, the largest first.

        Raises:
            NotFittedError: `fit` was not called.
            ParameterError: The merges never left so many clusters.
        """
        check_is_fitted(self)
        return by_size(self.tree_.cut(n_clusters))[0]

    def _check_restored(self) -> None:
        tree = self.tree_
        labels = by_size(tree.cut(tree.n_final))[0]
        if self.outliers == "keep" and not np.array_equal(labels, self.labels_):
            raise ValueError("the merges do not lead to labels_")
