"""How many clusters a merge tree speaks for."""

from __future__ import annotations

import numpy as np

from ..graph import MergeTree

_FLOOR = 1e-12  # of the largest score: below it affinities are all nothing


def natural_number(tree: MergeTree, most: int) -> int:
    """Return the number of clusters at which the merging should have stopped.

    A merge of two parts of one cluster has a high affinity, the first merge of two clusters a low
    one. The number is that before the merge whose score is the smallest share of the lowest score
    so far.

    Args:
        tree: merges down to few clusters.
        most: the largest number to consider, at least 2.

    Returns:
        A number from 2 (or what the tree ends at, if more) to ``most``.
    """
    most = min(most, tree.n_initial)
    least = max(2, tree.n_final)
    if least >= most or not len(tree.scores):
        return max(tree.n_final, min(most, tree.n_initial))
    scores = np.maximum(tree.scores, _FLOOR * max(float(tree.scores.max()), _FLOOR))
    lowest = np.minimum.accumulate(scores)
    # Merge t leads from n_initial - t to n_initial - t - 1 clusters.
    numbers = np.arange(most, least - 1, -1)
    merges = tree.n_initial - numbers
    inside = (merges >= 1) & (merges < len(scores))
    if not inside.any():
        return least
    share = scores[merges[inside]] / lowest[merges[inside] - 1]
    return int(numbers[inside][share.argmin()])
