"""Normalised cuts: a partition that cuts little of each cluster's affinity."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import require_range
from ..graph.spectral import normalized_affinity
from .discretization import discretize
from .graph_clusterer import GraphClusterer


class NormalizedCuts(GraphClusterer):
    """Normalised cuts of a graph, by the partition nearest to its leading eigenvectors.

    W_ij = exp(-(||x_i - x_j|| / (scale * greatest))^power), with the greatest distance of all
    pairs. The k leading eigenvectors of D^-1/2 W D^-1/2, times D^-1/2, solve the relaxed problem
    of cutting the least share of each cluster's affinity; a rotation of them and a partition are
    then fitted to each other. Labels exist for the fitted rows only.

    Args:
        n_clusters: number of clusters.
        scale: width of the kernel as a share of the greatest distance, > 0.
        power: of the distance in the exponent, > 0.
        offset: half of what is added to every row sum, and what is added to the diagonal, >= 0:
            rows with little affinity are no cheap clusters then.
        threshold: affinities below it are left out, in [0, 1).
        unit_rows: bring rows to length 1 first.
        centered: subtract the columns' means before that; changes nothing without ``unit_rows``.
        affinity: "dense": all pairs, 8 n^2 bytes. "neighbors": each row and its nearest ones.
            "auto": dense up to 12,000 rows; ``affinity_`` says which it was.
        n_neighbors: nearest rows that "neighbors" keeps.
        random_state: seed of the eigenvectors' and the rotation's start.

    Attributes:
        labels_: Cluster of each row, shape (n,), int64; clusters are numbered by size.
        cluster_sizes_: Rows in each cluster, shape (n_clusters,), int64.
        cut_value_: Sum over clusters of the share of their affinity, offset included, that leads
            out of them; at least n_clusters minus the sum of ``eigenvalues_``.
        eigenvalues_: The leading eigenvalues, shape (n_clusters,), float64.
        affinity_: "dense" or "neighbors".
        n_parts_: Connected parts of the graph.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Shi and Malik 2000, "Normalized Cuts and Image Segmentation"; several clusters as in Yu
    and Shi 2003, "Multiclass Spectral Clustering", with the offset of their code.
    Differs: the start of the rotation is drawn, where their code takes what the generator holds.

    Examples:
        >>> from sklearn.datasets import make_blobs
        >>> from quantal.clustering import NormalizedCuts
        >>> X, _ = make_blobs(90, centers=3, cluster_std=0.2, random_state=2)
        >>> NormalizedCuts(3, random_state=0).fit(X).cluster_sizes_.tolist()
        [30, 30, 30]
    """

    fitted_values: ClassVar[tuple[str, ...]] = (*GraphClusterer.fitted_values, "cut_value_")

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        scale: float = 0.15,
        power: float = 2.0,
        offset: float = 0.5,
        threshold: float = 1e-6,
        unit_rows: bool = False,
        centered: bool = False,
        affinity: str = "auto",
        n_neighbors: int = 30,
        random_state: Any = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.scale = scale
        self.power = power
        self.offset = offset
        self.threshold = threshold
        self.unit_rows = unit_rows
        self.centered = centered
        self.affinity = affinity
        self.n_neighbors = n_neighbors
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_range("scale", self.scale, low=0, low_open=True)
        require_range("power", self.power, low=0, low_open=True)
        require_range("offset", self.offset, low=0)
        require_range("threshold", self.threshold, low=0, high=0.999)
        require_range("n_neighbors", self.n_neighbors, low=1, integer=True)

    def _fit(self, x: Any, generator: np.random.Generator) -> NDArray[np.int64]:
        pairs = self._pairs(x, int(self.n_neighbors))
        unit, power = float(self.scale) ** 2 * pairs.greatest, float(self.power) / 2

        def weight(squared: NDArray[np.float64]) -> NDArray[np.float64]:
            w = np.exp(-((squared / unit) ** power))
            return np.where(w < self.threshold, 0.0, w)

        matrix, degrees = self._normalised(pairs.weigh(weight))
        vectors = self._eigenvectors(matrix, generator)
        self._warn_of_parts()
        roots = np.sqrt(degrees)[:, None]
        relaxed = np.divide(vectors, roots, out=np.zeros_like(vectors), where=roots > 0)
        relaxed *= np.sqrt(len(relaxed)) / np.linalg.norm(relaxed, axis=0)
        labels, _ = discretize(relaxed, generator)
        self.cut_value_ = cut_value(matrix, degrees, labels, int(self.n_clusters))
        return labels

    def _normalised(self, weights: Any) -> tuple[Any, NDArray[np.float64]]:
        """Add the offset and normalise; returns the matrix and the degrees."""
        offset = float(self.offset)
        if sp.issparse(weights):
            weights = sp.csr_array(weights + sp.eye_array(weights.shape[0]))
            weights.eliminate_zeros()  # left out by the threshold; they would connect the parts
        sums = np.asarray(weights.sum(axis=1), np.float64).ravel()
        if sp.issparse(weights):
            weights = sp.csr_array(weights + offset * sp.eye_array(weights.shape[0]))
        else:
            weights[np.diag_indices(len(weights))] += offset
        return normalized_affinity(weights, sums + 2 * offset)


def cut_value(
    matrix: Any, degrees: NDArray[np.float64], labels: NDArray[np.int64], n_clusters: int
) -> float:
    """Return the normalised cut of a partition: the number of clusters minus their held shares.

    Args:
        matrix: (n, n) D^-1/2 W D^-1/2, array or CSR array.
        degrees: diagonal of D, shape (n,).
        labels: (n,) from 0 to n_clusters - 1.
        n_clusters: number of clusters; an empty one counts as held whole.
    """
    roots = np.sqrt(degrees)
    held = 0.0
    for cluster in range(n_clusters):
        inside = np.where(labels == cluster, roots, 0)  # D^1/2 times the indicator
        volume = float(inside @ inside)
        held += float(inside @ (matrix @ inside)) / volume if volume > 0 else 1.0
    return n_clusters - held
