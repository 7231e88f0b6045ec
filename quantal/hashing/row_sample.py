"""Which rows an iterative method learns from where all of them would be too many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def sampled_rows(
    n: int, max_samples: int | None, generator: np.random.Generator
) -> NDArray[np.int64] | None:
    """Return ascending numbers of rows drawn without replacement, or None for every row.

    Args:
        n: number of rows there are.
        max_samples: number of rows wanted; None or n and more mean all of them.
        generator: source of the draw, untouched where all rows are taken.

    Returns:
        Row numbers, shape (max_samples,), int64, or None.
    """
    if max_samples is None or max_samples >= n:
        return None
    return np.sort(generator.choice(n, int(max_samples), replace=False, shuffle=False))
