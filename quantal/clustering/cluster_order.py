"""Clusters are numbered by size, the largest first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def by_size(
    labels: NDArray[np.integer[Any]], n_clusters: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number clusters by size, the largest first; of equal ones the lower old number first.

    Args:
        labels: (n,) from 0.
        n_clusters: how many there are at least; those without rows come last.

    Returns:
        labels: (n,) int64, the new numbers.
        order: (clusters,) int64, the old number of each new one.
    """
    order = np.argsort(-np.bincount(labels, minlength=n_clusters), kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[labels], order
