"""Spectral clustering of Ng, Jordan and Weiss: k-means on rows of eigenvectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import ParameterError, require_choice, require_range
from ..graph.pair_distances import PairDistances
from ..graph.spectral import normalized_affinity, unit_length_rows
from .embedded_kmeans import KMeansPlan, kmeans
from .graph_clusterer import GraphClusterer, require_k_means

SCANNED = (0.4, 0.2, 0.1, 0.05, 0.025, 0.0125)
"""Widths that "scan" tries, the widest first."""


@dataclass(frozen=True, eq=False)
class _Attempt:
    """What one width of the kernel gives."""

    width: float
    inertia: float
    labels: NDArray[np.int64]
    eigenvalues: NDArray[np.float64]
    n_parts: int


class NJWSpectralClustering(GraphClusterer):
    """Spectral clustering with one Gaussian kernel and rows of eigenvectors brought to length 1.

    A_ij = exp(-||x_i - x_j||^2 / (width * mean)), with the mean of the squared distances of all
    pairs; D the row sums. The n_clusters leading eigenvectors of D^-1/2 A D^-1/2 are the columns
    of an embedding, whose rows are brought to length 1 and clustered by k-means. Labels exist for
    the fitted rows only.

    Args:
        n_clusters: number of clusters.
        width: of the kernel, 2 sigma^2 as a share of the mean squared distance, > 0; or "scan":
            that of 0.4, 0.2, ... 0.0125 whose embedding k-means describes best. Widths at which
            the graph falls into more than n_clusters parts are passed over.
        zero_diagonal: a row has no affinity with itself.
        unit_rows: bring rows to length 1 first.
        centered: subtract the columns' means before that; changes nothing without ``unit_rows``.
        affinity: "dense": all pairs, 8 n^2 bytes. "neighbors": each row and its nearest ones.
            "auto": dense up to 12,000 rows; ``affinity_`` says which it was.
        n_neighbors: nearest rows that "neighbors" keeps.
        n_init: starts of k-means.
        random_state: seed of the starts.

    Attributes:
        labels_: Cluster of each row, shape (n,), int64; clusters are numbered by size.
        cluster_sizes_: Rows in each cluster, shape (n_clusters,), int64.
        width_: The width used.
        inertia_: Sum of squared distances to the centres in the embedding.
        eigenvalues_: The leading eigenvalues, shape (n_clusters,), float64.
        affinity_: "dense" or "neighbors".
        n_parts_: Connected parts of the graph.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Ng, Jordan and Weiss 2002, "On Spectral Clustering: Analysis and an Algorithm".
    Differs: k-means starts by k-means++ instead of at orthogonal rows; the paper leaves the grid
    of its scan open.

    Examples:
        >>> from sklearn.datasets import make_circles
        >>> from quantal.clustering import NJWSpectralClustering
        >>> X, _ = make_circles(200, factor=0.4, random_state=0)
        >>> NJWSpectralClustering(2, width=0.05, random_state=0).fit(X).cluster_sizes_.tolist()
        [100, 100]
    """

    fitted_values: ClassVar[tuple[str, ...]] = (
        *GraphClusterer.fitted_values,
        "width_",
        "inertia_",
    )

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        width: float | str = "scan",
        zero_diagonal: bool = True,
        unit_rows: bool = False,
        centered: bool = False,
        affinity: str = "auto",
        n_neighbors: int = 30,
        n_init: int = 10,
        random_state: Any = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.width = width
        self.zero_diagonal = zero_diagonal
        self.unit_rows = unit_rows
        self.centered = centered
        self.affinity = affinity
        self.n_neighbors = n_neighbors
        self.n_init = n_init
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        if isinstance(self.width, str) and self.width != "scan":
            raise ParameterError(f"width must be a number > 0 or 'scan', got {self.width!r}.")
        if self.width != "scan":
            require_range("width", self.width, low=0, low_open=True)
        require_choice("zero_diagonal", self.zero_diagonal, (True, False))
        require_range("n_neighbors", self.n_neighbors, low=1, integer=True)
        require_k_means(self.n_init)

    def _fit(self, x: Any, generator: np.random.Generator) -> NDArray[np.int64]:
        pairs = self._pairs(x, int(self.n_neighbors))
        widths = SCANNED if self.width == "scan" else (float(self.width),)
        best: _Attempt | None = None
        for width in widths:
            own = pairs if width == widths[-1] else _copied(pairs)  # weighing overwrites them
            attempt = self._at(own, width, generator)
            if best is not None and attempt.n_parts > self.n_clusters:
                break  # narrower kernels only fall apart further
            if best is None or attempt.inertia < best.inertia:
                best = attempt
        assert best is not None  # at least one width
        self.eigenvalues_, self.n_parts_ = best.eigenvalues, best.n_parts
        self.width_, self.inertia_ = best.width, best.inertia
        self._warn_of_parts()
        return best.labels

    def _at(self, pairs: PairDistances, width: float, generator: np.random.Generator) -> _Attempt:
        """Cluster with one width; the distances are overwritten."""
        unit = width * pairs.mean
        affinity = pairs.weigh(lambda squared: np.exp(-squared / unit))
        matrix, _ = normalized_affinity(_with_diagonal(affinity, 0 if self.zero_diagonal else 1))
        embedding = unit_length_rows(self._eigenvectors(matrix, generator))
        plan = KMeansPlan(int(self.n_clusters), int(self.n_init))
        found = kmeans(embedding, plan, generator)
        return _Attempt(width, found.inertia, found.labels, self.eigenvalues_, self.n_parts_)


def _copied(pairs: PairDistances) -> PairDistances:
    return PairDistances(pairs.squared.copy(), pairs.mean, pairs.greatest)


def _with_diagonal(affinity: Any, value: float) -> Any:
    if sp.issparse(affinity):  # near pairs hold no row with itself
        return affinity if value == 0 else sp.csr_array(affinity + sp.eye_array(affinity.shape[0]))
    np.fill_diagonal(affinity, value)
    return affinity
