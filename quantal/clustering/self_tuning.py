"""Self-tuning spectral clustering: a kernel width for each row, and labels by rotation."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import require_choice, require_range
from ..graph.pair_distances import PairDistances
from ..graph.spectral import normalized_affinity, unit_length_rows
from .embedded_kmeans import INITS, KMeansPlan, kmeans
from .graph_clusterer import GraphClusterer, require_k_means
from .rotation import align_with_axes

ASSIGNMENTS = ("rotation", "kmeans")
ORDERS = ("largest", "magnitude")
KEPT_NEIGHBORS = 30  # of a graph of neighbours, if local scales ask for no more


class SelfTuningSpectralClustering(GraphClusterer):
    """Spectral clustering whose kernel is as wide around each row as its neighbours are far.

    A_ij = exp(-||x_i - x_j||^2 / (s_i s_j)), A_ii = 0, with s_i the distance from row i to its
    n_neighbors-th nearest one. The n_clusters leading eigenvectors of D^-1/2 A D^-1/2 are rotated
    until each row lies along one axis, which is its cluster; or their rows are brought to length 1
    and clustered by k-means. Labels exist for the fitted rows only.

    Args:
        n_clusters: number of clusters.
        n_neighbors: which neighbour gives the local scale, from 1; at most n - 1 is used.
        assign: "rotation" or "kmeans".
        scale_floor: least s_i s_j, in the squared unit of the rows.
        order: which eigenvectors lead: those of the "largest" eigenvalues, or of the largest
            "magnitude", as a singular value decomposition orders them.
        unit_rows: bring rows to length 1 first.
        centered: subtract the columns' means before that; changes nothing without ``unit_rows``.
        affinity: "dense": all pairs, 8 n^2 bytes. "neighbors": each row and its nearest ones, 30
            or n_neighbors if that is more. "auto": dense up to 12,000 rows; ``affinity_`` says
            which it was.
        n_init: starts of k-means; not used by the rotation.
        init: of k-means: "k-means++", "random" rows, or rows "orthogonal" to each other.
        max_iter: most turns of a start of k-means.
        random_state: seed of the starts.

    Attributes:
        labels_: Cluster of each row, shape (n,), int64; clusters are numbered by size.
        cluster_sizes_: Rows in each cluster, shape (n_clusters,), int64.
        rotation_quality_: 1 if after the rotation every row lies along one axis, 0 if none lies
            nearer to one than to others; None with k-means. Comparing it over n_clusters is the
            paper's way to choose that number: the largest among those of highest quality.
        n_iter_: Sweeps of the rotation, or turns of k-means.
        eigenvalues_: The leading eigenvalues, shape (n_clusters,), float64.
        affinity_: "dense" or "neighbors".
        n_parts_: Connected parts of the graph.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Zelnik-Manor and Perona 2004, "Self-Tuning Spectral Clustering".
    Differs: the rotation is found plane by plane instead of by gradient steps on all angles.

    Examples:
        >>> from sklearn.datasets import make_circles
        >>> from quantal.clustering import SelfTuningSpectralClustering
        >>> X, _ = make_circles(200, factor=0.4, random_state=0)
        >>> SelfTuningSpectralClustering(2, random_state=0).fit(X).cluster_sizes_.tolist()
        [100, 100]
    """

    fitted_values: ClassVar[tuple[str, ...]] = (
        *GraphClusterer.fitted_values,
        "n_iter_",
        "rotation_quality_",
    )

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        n_neighbors: int = 7,
        assign: str = "rotation",
        scale_floor: float = 0.0,
        order: str = "largest",
        unit_rows: bool = False,
        centered: bool = False,
        affinity: str = "auto",
        n_init: int = 10,
        init: str = "k-means++",
        max_iter: int = 300,
        random_state: Any = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_neighbors = n_neighbors
        self.assign = assign
        self.scale_floor = scale_floor
        self.order = order
        self.unit_rows = unit_rows
        self.centered = centered
        self.affinity = affinity
        self.n_init = n_init
        self.init = init
        self.max_iter = max_iter
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_range("n_neighbors", self.n_neighbors, low=1, integer=True)
        require_choice("assign", self.assign, ASSIGNMENTS)
        require_range("scale_floor", self.scale_floor, low=0)
        require_choice("order", self.order, ORDERS)
        require_choice("init", self.init, INITS)
        require_range("max_iter", self.max_iter, low=1, integer=True)
        require_k_means(self.n_init)

    def _fit(self, x: Any, generator: np.random.Generator) -> NDArray[np.int64]:
        n_neighbors = min(int(self.n_neighbors), int(x.shape[0]) - 1)
        pairs = self._pairs(x, max(n_neighbors, KEPT_NEIGHBORS))
        affinity = locally_scaled(pairs, n_neighbors, float(self.scale_floor))
        matrix, _ = normalized_affinity(affinity)
        vectors = self._eigenvectors(matrix, generator, order=self.order)
        self._warn_of_parts()
        self.rotation_quality_: float | None = None
        if self.assign == "rotation":
            rotated, self.rotation_quality_, self.n_iter_ = align_with_axes(vectors)
            axes: NDArray[np.int64] = (rotated**2).argmax(axis=1)
            return axes
        plan = KMeansPlan(int(self.n_clusters), int(self.n_init), self.init, int(self.max_iter))
        found = kmeans(unit_length_rows(vectors), plan, generator)
        self.n_iter_ = found.n_iter
        return found.labels


def locally_scaled(pairs: PairDistances, k: int, floor: float) -> Any:
    """Return the self-tuning affinity; the distances are overwritten.

    Args:
        pairs: distances; every row has at least k pairs with others.
        k: which neighbour gives the local scale.
        floor: least product of two scales.

    Returns:
        (n, n) array or CSR array with a zero diagonal.
    """
    scales = np.sqrt(_kth_squared(pairs.squared, k))
    # k duplicates make a scale zero: distance 0 then has weight 1, and others none.
    pairs.divide(scales, max(floor, 1e-30 * pairs.mean, np.finfo(np.float64).tiny))
    affinity = pairs.weigh(lambda scaled: np.exp(-scaled))
    if not sp.issparse(affinity):
        np.fill_diagonal(affinity, 0)
    return affinity


def _kth_squared(squared: Any, k: int) -> NDArray[np.float64]:
    """Squared distance of each row to its k-th nearest other row, shape (n,)."""
    if sp.issparse(squared):
        rows = np.repeat(np.arange(squared.shape[0]), np.diff(squared.indptr))
        ranked = squared.data[np.lexsort((squared.data, rows))]
        kth: NDArray[np.float64] = ranked[squared.indptr[:-1] + k - 1]
        return kth
    found = np.empty(len(squared))
    for start in range(0, len(squared), 1024):  # position 0 is the row itself, at distance 0
        found[start : start + 1024] = np.partition(squared[start : start + 1024], k, axis=1)[:, k]
    return found
