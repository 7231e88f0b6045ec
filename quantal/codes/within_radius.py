"""All codes within a radius of a batch of queries: counted in one pass, placed in a second."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..data.memory_ceiling import require_memory
from ..data.memory_map import release_pages
from ..threads import run_all
from .partition import Span, part_count, query_blocks, segments
from .query_words import empty_block, read_only_rows, width_of


def find_within(
    codes: NDArray[np.uint8], words: NDArray[np.uint64], limit: int, n_threads: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Find all codes nearer than ``limit``.

    Returns:
        counts: (q,) int64.
        rows: (counts.sum(),) int64, by query, distance and row.
        distances: the same shape, int32.
    """
    n_parts = part_count(len(query_blocks(len(words), n_threads)), n_threads)
    n_spans = sum(len(parts) for parts in segments(codes, n_parts))
    counts = np.zeros((n_spans, len(words), limit), np.int64)
    nothing = np.empty(0, np.int32), np.empty(0, np.int64)
    _visit_all(codes, words, counts, *nothing, n_threads)
    total = int(counts.sum())
    require_memory(12 * total, f"The result, {total} codes within the radius,")
    distances, rows = np.empty(total, np.int32), np.empty(total, np.int64)
    if total:
        # A code stands after all of earlier queries, of smaller distances, and of earlier spans.
        ends = np.cumsum(counts.transpose(1, 2, 0)).reshape(len(words), limit, n_spans)
        places = np.ascontiguousarray(ends.transpose(2, 0, 1)) - counts
        _visit_all(codes, words, places, distances, rows, n_threads)
    return counts.sum(axis=(0, 2)), rows, distances


def _visit_all(
    codes: NDArray[np.uint8],
    words: NDArray[np.uint64],
    places: NDArray[np.int64],
    distances: NDArray[np.int32],
    rows: NDArray[np.int64],
    n_threads: int,
) -> None:
    """Call `visit_within` for every span of codes, ``places[i]``, and block of queries."""
    blocks = query_blocks(len(words), n_threads)
    number = 0
    for parts in segments(codes, part_count(len(blocks), n_threads)):
        work = [
            partial(_visit, codes, span, words[a:b], places[number + i, a:b], distances, rows)
            for i, span in enumerate(parts)
            for a, b in blocks
        ]
        run_all(work, n_threads)
        release_pages(codes)
        number += len(parts)


def _visit(
    codes: NDArray[np.uint8],
    span: Span,
    words: NDArray[np.uint64],
    places: NDArray[np.int64],
    distances: NDArray[np.int32],
    rows: NDArray[np.int64],
) -> None:
    from .hamming_kernels import visit_within

    visit_within(
        read_only_rows(codes, span),
        span[0],
        words,
        np.uint64(places.shape[1]),
        empty_block(words),
        places,
        distances,
        rows,
        width_of(words),
    )
