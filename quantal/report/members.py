"""The rows that say most about a cluster: its most typical and its least certain members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .assignment import Assignment

MOST_CLUSTERS = 24  # of which members are shown


@dataclass(frozen=True, eq=False)
class Members:
    """Row numbers of one cluster.

    Attributes:
        cluster: Its number.
        size: Rows in it.
        typical: The most certain ones, the most certain first.
        doubtful: The least certain of the others, the least certain first.
    """

    cluster: int
    size: int
    typical: NDArray[np.int64]
    doubtful: NDArray[np.int64]


def shown_clusters(sizes: NDArray[np.int64], most: int = MOST_CLUSTERS) -> NDArray[np.int64]:
    """Return the clusters to show in their own order: the largest that are not empty."""
    found = np.flatnonzero(sizes)
    largest = found[np.argsort(-sizes[found], kind="stable")][:most]
    return np.sort(largest)


def members(
    found: Assignment, clusters: NDArray[np.int64], n_typical: int, n_doubtful: int
) -> list[Members]:
    """Choose members; equally certain ones in the order of the rows.

    Args:
        found: all rows with their clusters.
        clusters: which clusters.
        n_typical: most certain members of each.
        n_doubtful: least certain members of each; no row is shown twice.
    """
    order = np.lexsort((-found.rank, -found.certainty, found.labels))  # stable: rows in order
    ends = np.cumsum(found.sizes)
    chosen = []
    for cluster in clusters.tolist():
        rows = order[ends[cluster] - found.sizes[cluster] : ends[cluster]]
        typical, others = rows[:n_typical], rows[n_typical:]
        doubtful = others[max(0, len(others) - n_doubtful) :][::-1]
        chosen.append(Members(cluster, len(rows), typical, doubtful))
    return chosen
