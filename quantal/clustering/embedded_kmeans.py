"""k-means on the rows of an embedding, and its starts."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

INITS = ("k-means++", "random", "orthogonal")


@dataclass(frozen=True, eq=False)
class Clusters:
    """What k-means found.

    Attributes:
        labels: (n,) int64.
        centers: (n_clusters, d).
        inertia: Sum of squared distances to the centres.
        n_iter: Turns of the start that was kept.
    """

    labels: NDArray[np.int64]
    centers: NDArray[np.floating[Any]]
    inertia: float
    n_iter: int


@dataclass(frozen=True)
class KMeansPlan:
    """How k-means runs.

    Attributes:
        n_clusters: Number of centres.
        n_init: Starts, of which the one with the least sum of squared distances is kept.
        init: "k-means++", "random" rows, or "orthogonal": a random row, then always the one whose
            angles with those chosen are nearest to right ones.
        max_iter: Most turns of one start.
    """

    n_clusters: int
    n_init: int = 10
    init: str = "k-means++"
    max_iter: int = 300


def kmeans(
    rows: NDArray[np.floating[Any]], plan: KMeansPlan, generator: np.random.Generator
) -> Clusters:
    """Cluster rows by scikit-learn's k-means.

    Fewer distinct rows than clusters leave clusters empty, without a warning.

    Args:
        rows: (n, d) numbers, n >= n_clusters.
        plan: how.
        generator: source of every start.
    """
    n_fits, starts = (plan.n_init, 1) if plan.init == "orthogonal" else (1, plan.n_init)
    best: KMeans | None = None
    for _ in range(n_fits):
        init: Any = plan.init
        if init == "orthogonal":
            init = rows[orthogonal_rows(rows, plan.n_clusters, generator)]
        model = KMeans(
            plan.n_clusters,
            init=init,
            n_init=starts,
            max_iter=plan.max_iter,
            random_state=int(generator.integers(2**31 - 1)),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(rows)
        if best is None or model.inertia_ < best.inertia_:
            best = model
    assert best is not None  # n_init is at least 1
    labels = best.labels_.astype(np.int64)
    return Clusters(labels, best.cluster_centers_, float(best.inertia_), int(best.n_iter_))


def orthogonal_rows(
    rows: NDArray[np.floating[Any]], k: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Choose k rows at nearly right angles: the first at random, then the least like those chosen.

    Args:
        rows: (n, d) rows of length 1, n >= k.
        k: how many.
        generator: draws the first.

    Returns:
        (k,) int64 row numbers, distinct.

    Source: Yu and Shi 2003; Zelnik-Manor and Perona's code starts k-means so.
    """
    chosen = [int(generator.integers(len(rows)))]
    likeness = np.zeros(len(rows))
    for _ in range(k - 1):
        likeness += np.abs(rows @ rows[chosen[-1]])
        likeness[chosen[-1]] = np.inf
        chosen.append(int(likeness.argmin()))
    return np.array(chosen, np.int64)
