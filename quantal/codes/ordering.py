"""One order for every search: by score, then by row number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def first_by_score(
    scores: NDArray[Any], rows: NDArray[np.int64], k: int
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the k lowest scores of each query and their rows, (q, k) each.

    Args:
        scores: (q, c) numbers, lower is better.
        rows: (q, c) row numbers, which decide ties.
        k: how many, at most c.
    """
    order = np.lexsort((rows, scores), axis=1)[:, :k]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(rows, order, 1)
