"""Compiled counting of scores below and equal to those of given rows.

Importing this module loads numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..codes.vector_code import compiled


@compiled
def count_scores(
    scores: Any, groups: Any, wanted: Any, nearer: Any, tied: Any, earlier: Any
) -> None:
    """For each query and wanted row: rows with a lower score, an equal one, and those of lower id.

    ``scores`` is (q, g), one score a group; ``groups`` (n,) names each row's group; ``wanted`` and
    the three results are (q, K). A pass over the rows looks each score up among the wanted ones.
    """
    n_wanted = wanted.shape[1]
    for q in range(len(scores)):
        row = scores[q]
        order = np.argsort(row[groups[wanted[q]]])
        limits = row[groups[wanted[q]]][order]
        below, equal = np.zeros(n_wanted + 1, np.int64), np.zeros(n_wanted, np.int64)
        next_id = np.argsort(wanted[q])
        awaited = 0
        for i in range(len(groups)):
            score = row[groups[i]]
            if score > limits[n_wanted - 1]:
                continue
            place = np.searchsorted(limits, score)  # the first limit that is not below the score
            if awaited < n_wanted and wanted[q, next_id[awaited]] == i:
                earlier[q, next_id[awaited]] = equal[place]
                awaited += 1
            if limits[place] == score:
                equal[place] += 1
            else:
                below[place] += 1
        total = 0  # below the limit in hand, for one with the first place among equal limits
        first = 0
        for p in range(n_wanted):
            if p == 0 or limits[p] != limits[first]:
                total += below[p] + (equal[first] if p else 0)
                first = p
            nearer[q, order[p]] = total
            tied[q, order[p]] = equal[first]
