"""Blocks of rows spread evenly over the data, that speak for all of them.

A sum over millions of rows that only sets a mean or a linear decoder needs no more than some
hundred thousand of them. Whole blocks are read from the disk in one piece, and their places do not
depend on chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data.memory_map import release_pages
from ..training.rows import RELEASE_ROWS

BLOCK = RELEASE_ROWS  # rows of one piece
MOST_ROWS = 1 << 18
MOST_VALUES = 1 << 26  # of the rows together: 256 MB of float32


def block_starts(n_rows: int, n_columns: int) -> list[int]:
    """Return the first rows of blocks of 256 rows: all blocks, or as many as may be read.

    Args:
        n_rows: rows of the data; the last block may be shorter.
        n_columns: columns of the data.
    """
    n_blocks = -(-n_rows // BLOCK)
    most = max(1, min(MOST_ROWS, MOST_VALUES // n_columns) // BLOCK)
    if n_blocks <= most:
        return list(range(0, n_rows, BLOCK))
    return [BLOCK * (number * n_blocks // most) for number in range(most)]


def spread_rows(x: Any) -> Any:
    """Return the rows of those blocks: ``x`` itself where they are all of it.

    Args:
        x: (n, d) array, memory map or CSR array.
    """
    n, d = int(x.shape[0]), int(x.shape[1])
    starts = block_starts(n, d)
    if len(starts) == -(-n // BLOCK):
        return x
    if not isinstance(x, np.ndarray):
        chosen = np.concatenate([np.arange(start, min(n, start + BLOCK)) for start in starts])
        return x[chosen]
    parts = []
    for start in starts:
        parts.append(np.array(x[start : start + BLOCK]))
        release_pages(x)
    return np.concatenate(parts)
