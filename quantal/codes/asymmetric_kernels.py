"""Compiled scoring of packed codes against real-valued queries, by tables of bytes.

Importing this module loads numba.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from .vector_code import compiled

BLOCK_ROWS = 1024  # codes scored by one query after another: they stay in the innermost cache


@compiled
def fill_tables(weights: Any, tables: Any) -> None:
    """Set ``tables[q, b, v]`` to the sum of q's weights of the bits of v, as byte b of a code."""
    for q in range(len(tables)):
        for byte in range(tables.shape[1]):
            tables[q, byte, 0] = 0.0
            for bit in range(8):
                weight = weights[q, 8 * byte + bit]
                for value in range(1 << bit):
                    tables[q, byte, (1 << bit) + value] = tables[q, byte, value] + weight


@compiled
def score_rows(codes: Any, first: int, norms: Any, table: Any, scores: Any, width: Any) -> None:
    """Set ``scores[i]`` to the norm of code first + i plus its bits' weights.

    ``table`` is one query's, in one row; ``width`` a tuple with as many entries as a code has
    bytes, a constant when compiled. Unsigned indices spare the test for negative ones.
    """
    for i in range(len(scores)):
        row = np.uint64(first + i)
        score = norms[row]
        for byte in range(len(width)):
            score += table[np.uint64(256 * byte) + np.uint64(codes[row, np.uint64(byte)])]
        scores[np.uint64(i)] = score


@compiled
def keep_lowest(
    codes: Any,
    first_row: int,
    norms: Any,
    tables: Any,
    counts: Any,
    scores: Any,
    rows: Any,
    width: Any,
) -> None:
    """Show further codes to each query, which keeps those of lowest score, as many as fit.

    What query q keeps is a heap with the worst in front. Codes come by rising row number and the
    lower row wins a tie, so once the heap is full a code must score less than the worst to enter.
    """
    block = np.empty(BLOCK_ROWS)
    for start in range(0, len(codes), BLOCK_ROWS):
        n_codes = min(BLOCK_ROWS, len(codes) - start)
        for q in range(len(tables)):
            score_rows(codes, start, norms, tables[q].reshape(-1), block[:n_codes], width)
            for i in range(n_codes):
                if counts[q] < scores.shape[1]:
                    rise(scores[q], rows[q], counts[q], block[i], first_row + start + i)
                    counts[q] += 1
                elif block[i] < scores[q, 0]:
                    sink(scores[q], rows[q], block[i], first_row + start + i)


@compiled
def is_worse(score: float, row: int, other_score: float, other_row: int) -> bool:
    """Whether the first of two codes comes after the other."""
    return score > other_score or (score == other_score and row > other_row)


@compiled
def rise(scores: Any, rows: Any, count: int, score: float, row: int) -> None:
    """Add an entry to a heap of ``count``."""
    place = count
    while place > 0:
        parent = (place - 1) // 2
        if not is_worse(score, row, scores[parent], rows[parent]):
            break
        scores[place], rows[place] = scores[parent], rows[parent]
        place = parent
    scores[place], rows[place] = score, row


@compiled
def sink(scores: Any, rows: Any, score: float, row: int) -> None:
    """Replace the worst entry of a full heap."""
    place, count = 0, len(scores)
    while True:
        child = 2 * place + 1
        if child >= count:
            break
        right = child + 1
        if right < count and is_worse(scores[right], rows[right], scores[child], rows[child]):
            child = right
        if not is_worse(scores[child], rows[child], score, row):
            break
        scores[place], rows[place] = scores[child], rows[child]
        place = child
    scores[place], rows[place] = score, row


# Sums may be reordered here: a fixed order would wait for each addition.
@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})  # type: ignore[untyped-decorator]
def add_squared_norms(codes: Any, sums: Any, norms: Any) -> None:
    """Set ``norms[i]`` to ||sum over half-bytes b of sums[b, value of b]||^2 for code i."""
    total = np.empty(sums.shape[2])
    for row in range(len(codes)):
        total[:] = 0.0
        for byte in range(codes.shape[1]):
            low, high = np.uint64(codes[row, byte] & 15), np.uint64(codes[row, byte] >> 4)
            for i in range(len(total)):
                total[i] += sums[2 * byte, low, i] + sums[2 * byte + 1, high, i]
        norm = 0.0
        for i in range(len(total)):
            norm += total[i] * total[i]
        norms[row] = norm


@compiled
def score_candidates(codes: Any, rows: Any, norms: Any, tables: Any, scores: Any) -> None:
    """Set ``scores[q, i]`` for code ``rows[q, i]``; infinity where that is negative."""
    for q in range(len(rows)):
        for i in range(rows.shape[1]):
            row = rows[q, i]
            score = np.inf
            if row >= 0:
                score = norms[q, i]
                for byte in range(codes.shape[1]):
                    score += tables[q, byte, codes[row, byte]]
            scores[q, i] = score
