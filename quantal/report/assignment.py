"""Which cluster each row is in and how sure that is, from one or two passes over the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import DataError
from .shown_rows import OnRows, ShownRows

MOST_A_CLUSTER = 1000  # rows behind a cluster's mean; a seeded sample of them where there are more
PROBABILITY, SEPARATION = "probability", "separation"


@dataclass(frozen=True, eq=False)
class Assignment:
    """The clusters of all rows.

    Attributes:
        labels: (n,) int32.
        certainty: (n,) float32: the probability of the row's cluster in [0, 1], or how much
            nearer its cluster's mean is than the next, in [-1, 1].
        rank: (n,) float32 that orders rows of one certainty from doubtful to typical: the
            logarithm of the ratio of the best to the second-best probability, which goes on where
            float32 probabilities are 1.
        measure: "probability" or "separation".
        n_clusters: Clusters, empty ones included.
        conditional_entropy: Mean entropy of a row's probabilities, nats; 0 without probabilities.
        marginal: (k,) mean probabilities, or the shares of the sizes; sums to 1.
    """

    labels: NDArray[np.int32]
    certainty: NDArray[np.float32]
    rank: NDArray[np.float32]
    measure: str
    n_clusters: int
    conditional_entropy: float
    marginal: NDArray[np.float64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Rows in each cluster, shape (n_clusters,)."""
        return np.bincount(self.labels, minlength=self.n_clusters).astype(np.int64)


def cluster_count(model: Any) -> int:
    """Return the number of clusters of a fitted clusterer."""
    if hasattr(model, "cluster_sizes_"):
        return len(model.cluster_sizes_)
    return int(model.n_clusters)


def assign(
    model: Any, shown: ShownRows, generator: np.random.Generator, on_rows: OnRows | None = None
) -> Assignment:
    """Label all rows, block by block.

    Args:
        model: a fitted clusterer.
        shown: the rows.
        generator: draws the rows behind the means of large clusters, where there are no
            probabilities.
        on_rows: told of the progress.

    Raises:
        DataError: The method labels only the rows of its fit, and these are others.
    """
    if hasattr(model, "predict_log_proba"):
        return _by_probability(model, shown, on_rows)
    labels = _labels(model, shown, on_rows)
    return _by_separation(model, shown, labels, generator, on_rows)


def _by_probability(model: Any, shown: ShownRows, on_rows: OnRows | None) -> Assignment:
    n, k = len(shown), cluster_count(model)
    labels, certainty, rank = np.empty(n, np.int32), np.empty(n, np.float32), np.zeros(n, "f4")
    entropy, mean = 0.0, np.zeros(k)
    for start, rows in shown.blocks("labelling", on_rows):
        log_p = model.predict_log_proba(rows)
        part = slice(start, start + len(log_p))
        labels[part] = log_p.argmax(axis=1)
        p = np.exp(log_p)
        certainty[part] = p.max(axis=1)
        if k > 1:
            second, first = np.partition(log_p, k - 2, axis=1)[:, -2:].T
            rank[part] = first - second
        entropy -= float((p * np.maximum(log_p, -1e4)).sum(dtype=np.float64))
        mean += p.sum(axis=0, dtype=np.float64)
    return Assignment(labels, certainty, rank, PROBABILITY, k, entropy / n, mean / mean.sum())


def _labels(model: Any, shown: ShownRows, on_rows: OnRows | None) -> NDArray[np.int32]:
    if hasattr(model, "predict"):
        blocks = [model.predict(rows) for _, rows in shown.blocks("labelling", on_rows)]
        return np.concatenate(blocks).astype(np.int32)
    if not shown.are_those_of_the_fit(model):
        raise DataError(
            f"{type(model).__name__} labels only the rows that it was fitted on, and "
            f"{shown.dataset.name} holds others. Pass those rows, leave DATA out for what the "
            "model alone tells, or choose a method that labels new rows: imsat, rim, "
            "landmark-spectral."
        )
    return np.asarray(model.labels_, np.int32)


def _by_separation(
    model: Any,
    shown: ShownRows,
    labels: NDArray[np.int32],
    generator: np.random.Generator,
    on_rows: OnRows | None,
) -> Assignment:
    """Compare distances to the clusters' means, in the model's embedding if it has one."""
    k = max(cluster_count(model), int(labels.max()) + 1)
    sizes = np.bincount(labels, minlength=k)
    embed = getattr(model, "transform", _dense)
    chosen = rows_by_cluster(labels, k, MOST_A_CLUSTER, generator)
    means = np.stack([_mean(embed, shown, rows) for rows in chosen])
    found = np.flatnonzero(sizes)
    certainty = np.ones(len(labels), np.float32)
    if len(found) > 1:
        place = np.searchsorted(found, labels)
        for start, rows in shown.blocks("measuring", on_rows):
            part = slice(start, start + rows.shape[0])
            certainty[part] = _separations(_dense(embed(rows)), means[found], place[part])
    return Assignment(labels, certainty, certainty, SEPARATION, k, 0.0, sizes / sizes.sum())


def rows_by_cluster(
    labels: NDArray[np.int32], k: int, most: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Return row numbers of every cluster, ascending: all of them, or ``most`` at random."""
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=k))
    groups = np.split(order, ends[:-1])
    return [
        np.sort(generator.choice(rows, most, replace=False)) if len(rows) > most else rows
        for rows in groups
    ]


def _mean(embed: Any, shown: ShownRows, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of some rows where distances are measured; of none, that of row 0."""
    taken = _dense(embed(shown.take(rows if len(rows) else np.zeros(1, np.int64))))
    mean: NDArray[np.float64] = taken.mean(axis=0, dtype=np.float64)
    return mean


def _dense(rows: Any) -> NDArray[np.float64]:
    dense = rows.toarray() if sp.issparse(rows) else np.asarray(rows)
    return np.asarray(dense.reshape(len(dense), math.prod(dense.shape[1:])), np.float64)


def _separations(
    rows: NDArray[np.float64], means: NDArray[np.float64], own: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return (b - a) / max(a, b): a is the distance to the own mean, b to the nearest other."""
    center = means.mean(axis=0)  # shorter vectors, smaller rounding
    rows, means = rows - center, means - center
    squares = (rows**2).sum(axis=1)[:, None] - 2 * rows @ means.T + (means**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares, 0))
    a = distances[np.arange(len(rows)), own]
    distances[np.arange(len(rows)), own] = np.inf
    b = distances.min(axis=1)
    larger = np.maximum(a, b)
    return np.asarray(np.divide(b - a, larger, out=np.zeros_like(a), where=larger > 0))


def entropy_of(shares: NDArray[np.float64]) -> float:
    """Return the entropy of shares that sum to 1, in nats."""
    positive = shares[shares > 0]
    return -float((positive * np.log(positive)).sum())
