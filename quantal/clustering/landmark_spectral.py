"""Spectral clustering by landmarks: every row is a blend of a few of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..errors import require_choice, require_range
from ..estimators.input_rows import len_of
from ..graph.spectral import unit_length_rows
from .embedded_kmeans import KMeansPlan, kmeans
from .graph_clusterer import require_k_means
from .landmark_blend import LandmarkBlend, column_means, distance_unit, row_blocks
from .partition_clusterer import PartitionClusterer

LANDMARKS = ("kmeans", "random")
SIGMAS = ("mean", "mean_squared")
_LANDMARK_TURNS = 5
_RANK = 1e-10  # eigenvalues below this share of the greatest, 1, have no direction left


class LandmarkSpectralClustering(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    PartitionClusterer,
):
    """Spectral clustering in time linear in the rows, through blends of a few landmarks.

    Each row is written as a blend of its nearest landmarks, with Gaussian weights that sum to 1:
    Z, shape (n, p). Two rows are as similar as they share landmarks, Z S^-1 Z^T with S the column
    sums, whose leading eigenvectors are the left singular vectors of Z S^-1/2: a p x p problem.
    The first one is constant and left out; the rows of the next n_clusters are brought to length
    1 and clustered by k-means.

    New rows can be labelled: they are blended from the same landmarks, go through the same
    singular vectors and get the nearest centre. Rows of the fit get their ``labels_`` so.

    Args:
        n_clusters: number of clusters.
        n_landmarks: number of landmarks p; at most the rows are used.
        n_nearest: landmarks that a row is blended from, r; at most p are used.
        landmarks: "kmeans": centres of a short k-means. "random": rows.
        sigma: width of the kernel exp(-d^2 / (2 sigma^2)): a number in the unit of the rows,
            "mean": the mean distance of rows and landmarks, or "mean_squared": their mean squared
            distance, as in the authors' code. It equals a distance only by accident, so it suits
            rows of length 1; with large numbers all r weights are then equal.
        unit_rows: bring rows to length 1 first.
        centered: subtract the columns' means before that; changes nothing without ``unit_rows``.
        n_init: starts of k-means in the embedding.
        max_iter: most turns of a start.
        random_state: seed of the landmarks and of the starts.

    Attributes:
        labels_: Cluster of each row, shape (n,), int64; clusters are numbered by size.
        cluster_sizes_: Rows in each cluster, shape (n_clusters,), int64.
        mean_: What is subtracted from every row, shape (d,), float64; zeros if nothing is.
        landmarks_: Shape (p, d), float32, of rows less ``mean_``.
        sigma_: The width used.
        singular_values_: Of Z S^-1/2, those after the first, shape (m,), float64, m <= n_clusters.
        basis_: From weights to the embedding, shape (p, m), float64.
        cluster_centers_: In the embedding, shape (n_clusters, m), float64.
        n_iter_: Turns of k-means in the embedding.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Chen and Cai 2011, "Large Scale Spectral Clustering with Landmark-Based Representation".
    Differs: the kernel's width, which the paper leaves open, is the mean distance.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.clustering import LandmarkSpectralClustering
        >>> X = load_digits().data
        >>> model = LandmarkSpectralClustering(10, n_landmarks=200, random_state=0).fit(X)
        >>> bool((model.predict(X[:100]) == model.labels_[:100]).all())
        True
    """

    fitted_arrays: ClassVar[dict[str, tuple[str, int]]] = {
        "mean_": ("float64", 1),
        "landmarks_": ("float32", 2),
        "singular_values_": ("float64", 1),
        "basis_": ("float64", 2),
        "cluster_centers_": ("float64", 2),
    }
    fitted_values: ClassVar[tuple[str, ...]] = ("n_iter_", "sigma_")

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        n_landmarks: int = 1000,
        n_nearest: int = 5,
        landmarks: str = "kmeans",
        sigma: float | str = "mean",
        unit_rows: bool = False,
        centered: bool = False,
        n_init: int = 10,
        max_iter: int = 100,
        random_state: Any = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_landmarks = n_landmarks
        self.n_nearest = n_nearest
        self.landmarks = landmarks
        self.sigma = sigma
        self.unit_rows = unit_rows
        self.centered = centered
        self.n_init = n_init
        self.max_iter = max_iter
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_range("n_landmarks", self.n_landmarks, low=1, integer=True)
        require_range("n_nearest", self.n_nearest, low=1, integer=True)
        require_choice("landmarks", self.landmarks, LANDMARKS)
        if isinstance(self.sigma, str):
            require_choice("sigma", self.sigma, SIGMAS)
        else:
            require_range("sigma", self.sigma, low=0, low_open=True)
        require_choice("unit_rows", self.unit_rows, (True, False))
        require_choice("centered", self.centered, (True, False))
        require_range("max_iter", self.max_iter, low=1, integer=True)
        require_k_means(self.n_init)

    def _fit(self, x: Any, generator: np.random.Generator) -> NDArray[np.int64]:
        # Distances do not feel the means, but rows far from 0 would lose their digits in float32.
        centers = self.centered or not self.unit_rows
        self.mean_ = column_means(x) if centers else np.zeros(x.shape[1])
        self.landmarks_ = self._choose_landmarks(x, generator)
        if isinstance(self.sigma, str):
            squared = self.sigma == "mean_squared"
            self.sigma_ = distance_unit(
                self._blocks(x), len_of(x), self.landmarks_, squared=squared
            )
        else:
            self.sigma_ = float(self.sigma)
        self._learn_basis(x)
        embedding = self._embedded(x)
        plan = KMeansPlan(int(self.n_clusters), int(self.n_init), max_iter=int(self.max_iter))
        found = kmeans(embedding, plan, generator)
        self.cluster_centers_, self.n_iter_ = found.centers, found.n_iter
        return self._nearest_centre(embedding)

    def _choose_landmarks(self, x: Any, generator: np.random.Generator) -> NDArray[np.float32]:
        n = len_of(x)
        p = min(int(self.n_landmarks), n)
        if p == n or self.landmarks == "random":
            chosen = np.arange(n) if p == n else np.sort(generator.choice(n, p, replace=False))
            [(_, rows)] = self._blocks(x[chosen], whole=True)
            return rows
        [(_, rows)] = self._blocks(x, whole=True)
        plan = KMeansPlan(p, n_init=1, init="random", max_iter=_LANDMARK_TURNS)
        centers: NDArray[np.float32] = kmeans(rows, plan, generator).centers.astype(np.float32)
        return centers

    def _learn_basis(self, x: Any) -> None:
        """Set ``basis_``: eigenvectors of the p x p product of S^-1/2 Z^T and Z S^-1/2."""
        blend = self._blend()
        gram, sums = blend.gram(self._blocks(x), len_of(x))
        scale = np.divide(1.0, np.sqrt(sums), out=np.zeros_like(sums), where=sums > 0)
        # The constant direction has the value 1, which others share where groups share no
        # landmark; it is known, so it is taken away and not left to the order of equal ones.
        constant = np.sqrt(sums / sums.sum())
        values, vectors = np.linalg.eigh(
            scale[:, None] * gram * scale - np.outer(constant, constant)
        )
        values, vectors = values[::-1], vectors[:, ::-1]
        rank = int(np.count_nonzero(values > _RANK))
        if rank == 0:  # nothing else to go by
            values, vectors, rank = np.ones(1), constant[:, None], 1
        used = slice(0, min(int(self.n_clusters), rank))
        self.singular_values_ = np.sqrt(values[used])
        self.basis_ = scale[:, None] * vectors[:, used] / self.singular_values_

    def _blocks(self, x: Any, whole: bool = False) -> Iterator[tuple[int, NDArray[np.float32]]]:
        means = self.mean_ if self.mean_.any() else None
        return row_blocks(x, unit=self.unit_rows, means=means, whole=whole)

    def _blend(self) -> LandmarkBlend:
        return LandmarkBlend(self.landmarks_, self.sigma_, int(self.n_nearest))

    def _embedded(self, x: Any) -> NDArray[np.float64]:
        blend = self._blend()
        out = np.empty((len_of(x), self.basis_.shape[1]))
        for start, rows in self._blocks(x):
            part = blend.project(rows, self.basis_)[: len(out) - start]
            out[start : start + len(part)] = unit_length_rows(part)
        return out

    def _nearest_centre(self, embedding: NDArray[np.float64]) -> NDArray[np.int64]:
        squared = np.stack([((embedding - c) ** 2).sum(axis=1) for c in self.cluster_centers_])
        nearest: NDArray[np.int64] = squared.argmin(axis=0)
        return nearest

    def _renumbered(self, order: NDArray[np.int64]) -> None:
        self.cluster_centers_ = self.cluster_centers_[order]

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the cluster of each row, shape (n,), int64; equals ``labels_`` on the fit's X.

        Args:
            X: rows as for ``fit``; memory maps are read block by block.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The rows cannot be used.
        """
        return self._nearest_centre(self.transform(X))

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the embedding, rows of length 1, shape (n, m), float64, m <= n_clusters.

        Args:
            X: rows as for ``fit``; memory maps are read block by block.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The rows cannot be used.
        """
        check_is_fitted(self)
        return self._embedded(self._read(X, reset=False))

    def _check_restored(self) -> None:
        p, m = self.basis_.shape
        sound = (
            self.landmarks_.shape == (p, self.n_features_in_)
            and self.mean_.shape == (self.n_features_in_,)
            and self.singular_values_.shape == (m,)
            and self.cluster_centers_.shape == (int(self.n_clusters), m)
            and isinstance(self.sigma_, float)
        )
        if not sound:
            raise ValueError("the shapes of landmarks_, basis_ and cluster_centers_ disagree")

    @property
    def _n_features_out(self) -> int:
        return int(self.basis_.shape[1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64"]
        return tags
