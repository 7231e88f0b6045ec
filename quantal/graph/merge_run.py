"""A run of merges to its end: what happens where no two clusters are linked any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..errors import DataError, ParameterError, require_choice, require_range
from .centroid_pairs import CentroidPairs
from .merge_tree import MergeTree

EXHAUSTED = ("stop", "centroid", "grow_ks")
MOST_EDGES = 50_000_000
"""Edges above which a graph whose clusters are not linked is not enlarged any more."""

Regrow = Callable[[int], sparse.csr_array]
Log = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


class Merger(Protocol):
    """Clusters on one graph, by turns merged by their affinity and by what others say."""

    @property
    def n_alive(self) -> int:
        """Clusters left."""

    def run(self, n_wanted: int) -> None:
        """Merge until so many clusters are left, or none are linked."""

    def merge_unlinked(self, a: int, b: int) -> None:
        """Merge two clusters, by their names, that no affinity chose."""

    def labels(self) -> NDArray[np.int64]:
        """Return the name of each row's cluster: its smallest number."""

    def log(self) -> Log:
        """Return pairs of names, scores and sizes of the merges so far."""


class MergeRun:
    """Merges on one graph after another, logged under the numbers of the first clusters.

    Args:
        weights: (n, n) sparse array of the graph.
        labels: (n,) whole numbers, the clusters to start from.
        merger: what merges, made from a graph and labels from 0 without gaps.
    """

    def __init__(
        self,
        weights: Any,
        labels: ArrayLike,
        merger: Callable[[Any, NDArray[np.int64]], Merger],
    ) -> None:
        self.first = _first_labels(labels, weights)
        self.make = merger
        self.names = np.arange(int(self.first.max()) + 1)  # merger's numbers -> first clusters
        self.parts: list[Log] = []
        self.n_neighbors = max(1, weights.nnz // weights.shape[0])
        self.merger = merger(weights, self.first)

    def to(self, n_clusters: int, on_exhausted: str, rows: Any, regrow: Regrow | None) -> MergeTree:
        """Merge to so many clusters; the arguments are those of `agglomerate`."""
        if on_exhausted != "stop" and rows.shape[0] != len(self.first):
            raise DataError(
                f"rows has {rows.shape[0]} rows, the graph has {len(self.first)}. Pass the rows "
                "that the graph was made of."
            )
        self.merger.run(n_clusters)
        if on_exhausted == "grow_ks" and regrow is not None:
            self._grow(n_clusters, regrow)
        if on_exhausted != "stop":
            self._join_nearest(n_clusters, rows)
        self._note()
        pairs, scores, sizes = (np.concatenate(part) for part in zip(*self.parts, strict=True))
        return MergeTree(self.first, pairs, scores, sizes)

    def _note(self) -> None:
        """Take over what was merged on this graph."""
        pairs, scores, sizes = self.merger.log()
        self.parts.append((self.names[pairs], scores.copy(), sizes.copy()))

    def _grow(self, n_clusters: int, regrow: Regrow) -> None:
        """Go on with ever more neighbours while clusters are left that nothing links."""
        n = len(self.first)
        while self.merger.n_alive > n_clusters:
            if self.n_neighbors >= n - 1 or 2 * self.n_neighbors * n > MOST_EDGES:
                return
            self.n_neighbors = min(2 * self.n_neighbors, n - 1)
            self._note()
            alive, labels = np.unique(self.merger.labels(), return_inverse=True)
            self.names = self.names[alive]
            self.merger = self.make(self._regrown(regrow), labels.astype(np.int64))
            self.merger.run(n_clusters)

    def _regrown(self, regrow: Regrow) -> Any:
        n = len(self.first)
        weights = regrow(self.n_neighbors)
        if weights.shape != (n, n):
            raise DataError(
                f"regrow({self.n_neighbors}) gave a graph of shape {weights.shape}, not "
                f"({n}, {n}). Make it of the same rows."
            )
        return weights

    def _join_nearest(self, n_clusters: int, rows: Any) -> None:
        """Merge the clusters with the nearest means whenever none are linked."""
        if self.merger.n_alive <= n_clusters:
            return
        alive, labels = np.unique(self.merger.labels(), return_inverse=True)
        place = {int(name): i for i, name in enumerate(alive)}
        pairs = CentroidPairs(rows, labels.astype(np.int64))
        while self.merger.n_alive > n_clusters:
            a, b = pairs.closest()
            known = len(self.merger.log()[0])
            self.merger.merge_unlinked(int(alive[a]), int(alive[b]))
            self.merger.run(n_clusters)  # a merge can link clusters that were not linked before
            for first, second in self.merger.log()[0][known:]:
                pairs.merge(place[int(first)], place[int(second)])


def require_target(n_clusters: int, on_exhausted: str, rows: Any, regrow: Regrow | None) -> None:
    """Raise ParameterError unless a run can end as it is asked to."""
    require_range("n_clusters", n_clusters, low=1, integer=True)
    require_choice("on_exhausted", on_exhausted, EXHAUSTED)
    if on_exhausted != "stop" and rows is None:
        raise ParameterError(
            f"on_exhausted={on_exhausted!r} compares means of clusters. Pass rows=X, or "
            "on_exhausted='stop'."
        )
    if on_exhausted == "grow_ks" and regrow is None:
        raise ParameterError(
            "on_exhausted='grow_ks' needs graphs of more neighbours. Pass "
            "regrow=lambda k: affinity_graph(X, k).weights, or on_exhausted='centroid'."
        )


def _first_labels(labels: ArrayLike, weights: Any) -> NDArray[np.int64]:
    """Return labels from 0 without gaps."""
    shape: tuple[int, ...] = getattr(weights, "shape", ())
    if not sparse.issparse(weights) or len(shape) != 2 or shape[0] != shape[1]:
        raise DataError(
            f"weights must be a square SciPy sparse array, got {type(weights).__name__} of shape "
            f"{shape}. Pass affinity_graph(X).weights."
        )
    if shape[0] == 0:
        raise DataError("weights is a graph without rows. Pass affinity_graph(X).weights.")
    if weights.nnz and not (weights.data.min() >= 0 and np.isfinite(weights.data).all()):
        raise DataError("weights must be finite and not negative. Pass affinities, not distances.")
    given = np.asarray(labels)
    if given.shape != (shape[0],) or given.dtype.kind not in "iu":
        raise DataError(
            f"labels must be one whole number a row, shape ({shape[0]},), got dtype {given.dtype} "
            f"of shape {given.shape}. Pass initial_clusters(neighbors)."
        )
    _, first = np.unique(given, return_inverse=True)
    return first.astype(np.int64)
