"""Queries as 64-bit words, and what else compiled searches are called with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .partition import Span

BLOCK_BYTES = 32 << 10  # of codes compared with one query after another: the innermost cache


def as_words(queries: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return packed codes as (q, ceil(n_bytes / 8)) 64-bit words, filled up with zeros."""
    n_words = -(-queries.shape[1] // 8)
    padded = np.zeros((len(queries), n_words * 8), np.uint8)
    padded[:, : queries.shape[1]] = queries
    return padded.view("<u8").astype(np.uint64, copy=False)


def width_of(words: NDArray[np.uint64]) -> tuple[int, ...]:
    """Return as many zeros as a code has words: compiled code takes their number as a constant."""
    return (0,) * int(words.shape[1])


def empty_block(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return room for a block of rearranged codes, a multiple of 64 of them."""
    n_codes = max(1, BLOCK_BYTES // (8 * 64 * words.shape[1])) * 64
    return np.empty(n_codes * words.shape[1], np.uint64)


def read_only_rows(codes: NDArray[np.uint8], span: Span) -> NDArray[np.uint8]:
    """Return the rows of a span as compiled code wants them: contiguous, and of one type."""
    rows = np.ascontiguousarray(codes[span[0] : span[1]]).view()
    rows.flags.writeable = False
    return rows
