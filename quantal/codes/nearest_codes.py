"""The k nearest codes of a batch of queries, from pieces of work on several threads."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import release_pages
from ..threads import run_all
from .ordering import first_by_score
from .partition import Span, part_count, query_blocks, segments
from .query_words import empty_block, read_only_rows, width_of

NO_DISTANCE = np.iinfo(np.uint16).max
NO_ROW = np.iinfo(np.int64).max


class Nearest:
    """The nearest codes seen so far by one block of queries; `keep_nearest` says how.

    Args:
        words: (q, n_words) uint64 queries.
        k: codes per query.
        codes: (n, n_bytes) uint8 codes that will be shown, or part of them.
    """

    def __init__(self, words: NDArray[np.uint64], k: int, codes: NDArray[np.uint8]) -> None:
        n_bits = 8 * codes.shape[1]
        self.words, self.k = words, k
        self.limits = np.full(len(words), n_bits + 1, np.uint64)
        self.below = np.zeros(len(words), np.int64)
        self.histograms = np.zeros((len(words), n_bits + 1), np.int64)
        self.counts = np.zeros(len(words), np.int64)
        self.distances = np.empty((len(words), _capacity(codes, k)), np.uint16)
        self.rows = np.empty((len(words), _capacity(codes, k)), np.int64)

    def scan(self, codes: NDArray[np.uint8], span: Span) -> None:
        """Show the codes of a span, which must come after all spans shown before."""
        from .hamming_kernels import keep_nearest

        keep_nearest(
            read_only_rows(codes, span),
            span[0],
            self.words,
            self.k,
            empty_block(self.words),
            self.limits,
            self.below,
            self.histograms,
            self.counts,
            self.distances,
            self.rows,
            width_of(self.words),
        )

    def best(self) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
        """Return distances and rows, (q, k) each, by row; filled up where fewer were shown."""
        from .hamming_kernels import drop_all_far

        drop_all_far(self.distances, self.rows, self.counts, self.limits, self.below, self.k)
        missing = np.arange(self.k) >= self.counts[:, None]
        distances = np.where(missing, NO_DISTANCE, self.distances[:, : self.k])
        return distances, np.where(missing, NO_ROW, self.rows[:, : self.k])


def bytes_per_query(codes: NDArray[np.uint8], k: int) -> int:
    """Bytes that one query takes while it is searched."""
    return 8 * (8 * int(codes.shape[1]) + 4) + 30 * _capacity(codes, k)


def find_nearest(
    codes: NDArray[np.uint8], words: NDArray[np.uint64], k: int, n_threads: int
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return distances and rows of the k nearest codes, (q, k) each, by distance and row."""
    blocks = query_blocks(len(words), n_threads)
    n_parts = part_count(len(blocks), n_threads)
    slots = [[Nearest(words[a:b], k, codes) for _ in range(n_parts)] for a, b in blocks]
    for parts in segments(codes, n_parts):
        work = [
            partial(slot.scan, codes, span)
            for block in slots
            for slot, span in zip(block, parts, strict=False)
        ]
        run_all(work, n_threads)
        release_pages(codes)
    found = [[slot.best() for slot in block] for block in slots]
    distances = np.concatenate([np.hstack([d for d, _ in block]) for block in found])
    rows = np.concatenate([np.hstack([r for _, r in block]) for block in found])
    return first_by_score(distances, rows, k)


def _capacity(codes: NDArray[np.uint8], k: int) -> int:
    """How many codes a query keeps before it drops those that fell behind."""
    return min(len(codes), k + max(k, 64))
