"""Clusters of the parts that rows are made of: locality-preserving non-negative factorisation."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, require_choice, require_range
from ..estimators.input_rows import len_of
from ..graph.pair_distances import pair_distances
from .embedded_kmeans import KMeansPlan, kmeans
from .factor_updates import LEAST, Factorization, Factors, graph_laplacian
from .graph_clusterer import require_k_means
from .partition_clusterer import PartitionClusterer

EDGES = ("binary", "heat")
NEGATIVE = ("shift", "clip", "refuse")
STARTS = ("kmeans", "random")
WEIGHTINGS = ("ncut", "equal")


class LocalityPreservingNMF(PartitionClusterer):
    """Non-negative factorisation whose coefficients are alike for neighbours, then k-means.

    Rows X are approximated by V U^T with positive entries, by the Kullback-Leibler divergence
    with a weight g_j for each row, and neighbours are drawn together by
    alpha / 2 sum_jl W_jl (v_j - v_l) (log v_j - log v_l) over a graph of nearest neighbours. V and
    U are updated in turn; with alpha > 0 the update of V solves one linear system a part, by
    conjugate gradients. The rows of V are clustered by k-means. Labels exist for the fitted rows
    only.

    Args:
        n_clusters: number of clusters.
        n_factors: columns of U and V; None: n_clusters.
        alpha: weight of the graph, >= 0; 0 is plain factorisation by divergence. Columns of U sum
            to 1 and the weights g average 1, so its meaning depends on no unit.
        n_neighbors: neighbours of each row in the graph; at most n - 1 are used.
        edges: weights of the graph: "binary" ones, or "heat": exp(-d^2 / t) with t the mean d^2
            of neighbours.
        weighting: of the rows: "ncut": one over a row's product with the sum of all rows, which
            makes the factorisation without graph one of normalised cuts, or "equal".
        negative: what happens to entries below zero: "shift" all entries by the least one
            (``offset_`` says by how much), "clip" them to zero, or "refuse" them with an error.
        init: "kmeans": U from centres, V from clipped least squares, or "random".
        n_init: starts; after ``warm_up`` turns the best goes on.
        warm_up: turns after which starts are compared.
        max_iter: turns of the start that goes on, ``warm_up`` included.
        n_kmeans: starts of k-means on the rows of V.
        random_state: seed of all starts.

    Attributes:
        labels_: Cluster of each row, shape (n,), int64; clusters are numbered by size.
        cluster_sizes_: Rows in each cluster, shape (n_clusters,), int64.
        components_: U^T, rows of length 1, shape (n_factors, d), float64.
        embedding_: V to match, shape (n, n_factors), float64.
        offset_: What was added to every entry; 0 without negative ones.
        loss_: The objective in the end: weighted divergence in units of X, plus the graph's.
        n_iter_: Turns of the start that went on.
        history_: "objective" before the first turn of the start that went on and after each.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Cai, He, Wang, Bao and Han 2009, "Locality Preserving Nonnegative Matrix Factorization".
    Differs: columns of U are brought to sum 1 in every turn and the weights to mean 1.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.clustering import LocalityPreservingNMF
        >>> model = LocalityPreservingNMF(10, max_iter=20, random_state=0).fit(load_digits().data)
        >>> model.components_.shape
        (10, 64)
    """

    fitted_arrays: ClassVar[dict[str, tuple[str, int]]] = {
        "components_": ("float64", 2),
        "embedding_": ("float64", 2),
    }
    fitted_values: ClassVar[tuple[str, ...]] = ("loss_", "n_iter_", "offset_")

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        n_factors: int | None = None,
        alpha: float = 100.0,
        n_neighbors: int = 5,
        edges: str = "heat",
        weighting: str = "ncut",
        negative: str = "shift",
        init: str = "kmeans",
        n_init: int = 1,
        warm_up: int = 10,
        max_iter: int = 100,
        n_kmeans: int = 10,
        random_state: Any = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_factors = n_factors
        self.alpha = alpha
        self.n_neighbors = n_neighbors
        self.edges = edges
        self.weighting = weighting
        self.negative = negative
        self.init = init
        self.n_init = n_init
        self.warm_up = warm_up
        self.max_iter = max_iter
        self.n_kmeans = n_kmeans
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        if self.n_factors is not None:
            require_range("n_factors", self.n_factors, low=1, integer=True)
        require_range("alpha", self.alpha, low=0, high=1e30)
        require_range("n_neighbors", self.n_neighbors, low=1, integer=True)
        require_choice("edges", self.edges, EDGES)
        require_choice("weighting", self.weighting, WEIGHTINGS)
        require_choice("negative", self.negative, NEGATIVE)
        require_choice("init", self.init, STARTS)
        require_range("warm_up", self.warm_up, low=1, integer=True)
        require_range("max_iter", self.max_iter, low=1, integer=True)
        require_range("n_kmeans", self.n_kmeans, low=1, integer=True)
        require_k_means(self.n_init)

    def _fit(self, x: Any, generator: np.random.Generator) -> NDArray[np.int64]:
        laplacian = None if self.alpha == 0 else self._laplacian(x)
        self.offset_ = self._offset(x)
        problem = Factorization(
            x,
            np.ones(len_of(x)),
            offset=self.offset_,
            laplacian=laplacian,
            alpha=float(self.alpha),
        )
        problem.unit = _unit(problem)
        if self.weighting == "ncut":
            problem.weights = ncut_weights(problem)
        factors, history = self._best_start(problem, generator)
        for _ in range(len(history) - 1, int(self.max_iter)):
            problem.turn(factors)
            history.append(problem.objective(factors))
        # Objective and coefficients grow with the rows: back from the unit to the rows' own.
        self.history_ = {"objective": [value * problem.unit for value in history]}
        self.loss_, self.n_iter_ = self.history_["objective"][-1], len(history) - 1
        lengths = np.linalg.norm(factors.parts, axis=0)
        self.components_ = (factors.parts / lengths).T
        embedding = factors.rows * lengths
        self.embedding_ = embedding * problem.unit
        plan = KMeansPlan(int(self.n_clusters), int(self.n_kmeans))
        return kmeans(embedding, plan, generator).labels

    def _offset(self, x: Any) -> float:
        least = float(x.min())
        if least >= 0 or self.negative == "clip":
            return 0.0
        if self.negative == "refuse":
            raise DataError(
                f"Negative values in data: X goes down to {least:g}, where negative='refuse'. "
                "Pass negative='shift' to add its amount to all entries, negative='clip' to set "
                "negative ones to zero, or other data."
            )
        return -least

    def _laplacian(self, x: Any) -> Any:
        pairs = pair_distances(x, "neighbors", int(self.n_neighbors), unit_rows=False)
        unit = max(float(pairs.squared.data.mean()), np.finfo(np.float64).tiny)
        if self.edges == "binary":
            return graph_laplacian(pairs.weigh(lambda squared: squared * 0 + 1))
        return graph_laplacian(pairs.weigh(lambda squared: np.exp(-squared / unit)))

    def _best_start(
        self, problem: Factorization, generator: np.random.Generator
    ) -> tuple[Factors, list[float]]:
        """Return the best of all starts after its first turns, and its objectives so far."""
        best: tuple[Factors, list[float]] | None = None
        n_turns = min(int(self.warm_up), int(self.max_iter))
        for _ in range(int(self.n_init)):
            factors = self._start(problem, generator)
            history = [problem.objective(factors)]
            for _ in range(n_turns):
                problem.turn(factors)
                history.append(problem.objective(factors))
            if best is None or history[-1] < best[1][-1]:
                best = factors, history
        assert best is not None  # n_init is at least 1
        return best

    def _start(self, problem: Factorization, generator: np.random.Generator) -> Factors:
        n, d = (int(size) for size in problem.x.shape)
        f = int(self.n_factors or self.n_clusters)
        if self.init == "random":
            factors = Factors(1 - generator.random((n, f)), 1 - generator.random((d, f)))
        else:
            factors = _kmeans_start(problem, min(f, n), generator)
            if f > n:
                factors.parts = np.hstack([factors.parts, 1 - generator.random((d, f - n))])
                factors.rows = np.hstack([factors.rows, 1 - generator.random((n, f - n))])
        factors.sum_to_one()
        return factors

    def _check_restored(self) -> None:
        f, d = self.components_.shape
        if d != self.n_features_in_ or self.embedding_.shape != (len(self.labels_), f):
            raise ValueError("the shapes of components_, embedding_ and labels_ disagree")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.negative == "refuse"
        return tags


def _unit(problem: Factorization) -> float:
    """Return the power of two nearest to the mean entry: dividing by it rounds nothing."""
    total = sum(float(x.sum()) for _, x in problem.blocks())
    mean = total / (problem.x.shape[0] * problem.x.shape[1])
    return float(2.0 ** round(np.log2(mean))) if mean > 0 else 1.0


def ncut_weights(problem: Factorization) -> NDArray[np.float64]:
    """Return one over each row's product with the sum of all rows, brought to mean 1, shape (n,).

    Rows of zeros get the mean weight; they have nothing to be weighed.
    """
    total = np.zeros(problem.x.shape[1])
    for _, x in problem.blocks():
        total += x.sum(axis=0)
    total /= max(float(total.max()), LEAST)  # products of large sums could overflow
    products = np.concatenate([x @ total for _, x in problem.blocks()])
    weights = np.divide(1.0, products, out=np.zeros_like(products), where=products > 0)
    if not (weights > 0).any():
        return np.ones_like(products)
    weights /= weights[weights > 0].mean()
    return np.where(weights > 0, weights, 1.0)


def _kmeans_start(problem: Factorization, f: int, generator: np.random.Generator) -> Factors:
    """U from the centres of one k-means, V from least squares, both clipped."""
    rows = np.concatenate([x.astype(np.float32) for _, x in problem.blocks()])
    found = kmeans(rows, KMeansPlan(f, n_init=1, init="random"), generator)
    parts = np.maximum(found.centers.T.astype(np.float64), LEAST)
    solve = np.linalg.pinv(parts)  # (f, d)
    blends = np.concatenate([x @ solve.T for _, x in problem.blocks()])
    return Factors(np.maximum(blends, LEAST), parts)
