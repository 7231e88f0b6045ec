"""The directed affinity W of rows and their nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from ..errors import DataError, ParameterError, require_range
from .candidates import Progress
from .neighbors import nearest_neighbors
from .row_scaling import scaled_to_unit_length

LEAST_NEAREST_WEIGHT = 1e-5
"""Weight of every row's nearest neighbour that doubling the kernel's width must reach."""


@dataclass(frozen=True, eq=False)
class AffinityGraph:
    """Rows, their nearest neighbours, and the weights of these edges.

    Attributes:
        weights: (n, n) CSR array, float64: W, with k entries a row and none on the diagonal.
        neighbors: (n, k) int64, neighbours of each row, nearest first.
        distances: (n, k) float32, their distances.
        sigma_squared: the kernel's width, in the squared unit of the rows.
    """

    weights: sparse.csr_array
    neighbors: NDArray[np.int64]
    distances: NDArray[np.float32]
    sigma_squared: float


def affinity_graph(
    X: ArrayLike,
    n_neighbors: int = 20,
    *,
    a: float = 1.0,
    unit_rows: bool = True,
    sigma_doubling: bool = False,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> AffinityGraph:
    """Connect every row with its nearest neighbours by weights between 0 and 1.

    W_ij = exp(-||x_i - x_j||^2 / sigma^2) where j is among the neighbours of i and 0 elsewhere;
    sigma^2 is ``a`` times the mean of the squared distances of all rows to their neighbours. W is
    directed: j may be a neighbour of i without i being one of j.

    Args:
        X: (n, d) numbers of any real dtype: array, memory map or SciPy sparse matrix. Images are
            taken as rows.
        n_neighbors: K_s, neighbours of each row; at most n - 1 are taken.
        a: factor of the kernel's width, > 0.
        unit_rows: divide every row by its Euclidean length first; rows of zeros stay as they are.
        sigma_doubling: double sigma^2 until every row's nearest neighbour has a weight of at least
            1e-5, as the toolbox of the graph-degree linkage does. Without it, rows far from all
            others have weights near 0 and stay clusters of their own for long.
        n_threads: threads of the search; the result does not depend on it.
        progress: hears now and then which share of the search is done, from 0 to 1.

    Returns:
        The graph. Where all rows are equal, every weight is 1.

    Raises:
        DataError: ``X`` has fewer than two rows, a wrong shape, or is not finite.
        ParameterError: ``n_neighbors``, ``a`` or ``n_threads`` is out of range.

    Source: Zhang, Wang, Zhao, Tang 2012, Graph Degree Linkage; Yang, Parikh, Batra 2016 (JULE).
    """
    require_range("n_neighbors", n_neighbors, low=1, integer=True)
    require_range("a", a, low=0, low_open=True)
    rows = scaled_to_unit_length(X) if unit_rows else X
    n = rows.shape[0] if hasattr(rows, "shape") else len(np.asarray(rows))
    if n < 2:
        raise DataError(f"X must have at least 2 rows to be neighbours, got {n}. Pass more rows.")
    k = min(int(n_neighbors), n - 1)
    distances, neighbors = nearest_neighbors(rows, k, n_threads=n_threads, progress=progress)
    squared = distances.astype(np.float64) ** 2
    sigma_squared = float(a) * float(squared.mean())
    if sigma_doubling and sigma_squared > 0:
        farthest = float(squared[:, 0].max())
        while np.exp(-farthest / sigma_squared) < LEAST_NEAREST_WEIGHT:
            sigma_squared *= 2
    weights = np.exp(-squared / sigma_squared) if sigma_squared > 0 else np.ones_like(squared)
    edges = sparse.csr_array(
        (weights.ravel(), neighbors.ravel().copy(), np.arange(0, n * k + 1, k)), shape=(n, n)
    )
    edges.sort_indices()
    return AffinityGraph(edges, neighbors, distances, sigma_squared)


def random_walk(weights: sparse.csr_array) -> sparse.csr_array:
    """Return the transition probabilities of a walk on the graph, without the stay at a row.

    P_ij = W_ij / (1 + sum_k W_ik) for i != j: rows of W with a 1 on the diagonal, divided by their
    sums. P_ii is left out because links of disjoint clusters never see it; it is 1 minus the sum
    of the row.

    Args:
        weights: (n, n) W, with nothing on its diagonal.

    Returns:
        (n, n) CSR array, float64.

    Raises:
        ParameterError: ``weights`` is not such a matrix.

    Source: Zhang, Zhao, Wang 2013, path integral; Zhao, Tang 2009, zeta function.
    """
    if weights.shape[0] != weights.shape[1] or np.any(weights.diagonal()):
        raise ParameterError(
            "weights must be a square matrix without a diagonal, as affinity_graph returns it."
        )
    sums = 1.0 + np.asarray(weights.sum(axis=1)).ravel()
    walk: sparse.csr_array = (sparse.diags_array(1.0 / sums) @ weights).tocsr()
    walk.sort_indices()
    return walk
