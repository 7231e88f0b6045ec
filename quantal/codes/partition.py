"""How a search is cut into pieces for threads and caches; no result depends on it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SEGMENT_BYTES = 256 << 20  # of codes read between two releases of a memory map's pages
QUERIES_TOGETHER = 64  # they share one rearranged block of codes
STATE_BYTES = 256 << 20  # what all queries of a batch may remember
SMALLEST_PART = 1 << 14  # codes below which another thread does not pay

Span = tuple[int, int]


def spans(n: int, step: int) -> list[Span]:
    """Cut range(n) into consecutive spans of ``step``, the last one shorter."""
    return [(start, min(start + step, n)) for start in range(0, n, step)]


def query_batches(n_queries: int, bytes_per_query: int) -> list[Span]:
    """Queries that are searched in one pass over the codes, by what each must remember."""
    return spans(n_queries, max(1, STATE_BYTES // max(1, bytes_per_query)))


def query_blocks(n_queries: int, n_threads: int, together: int = QUERIES_TOGETHER) -> list[Span]:
    """Queries that one thread searches together, at most ``together``."""
    each = -(-n_queries // n_threads)
    return spans(n_queries, max(1, min(together, each)))


def part_count(n_blocks: int, n_threads: int) -> int:
    """How many threads share the codes, because there are too few queries for all of them."""
    return -(-n_threads // max(1, n_blocks))


def segments(
    codes: NDArray[np.uint8], n_parts: int, segment_rows: int | None = None
) -> Iterator[list[Span]]:
    """Consecutive segments of the codes, each as at most ``n_parts`` consecutive spans."""
    for start, stop in spans(len(codes), segment_rows or max(1, SEGMENT_BYTES // codes.shape[1])):
        size = max(SMALLEST_PART, -(-(stop - start) // n_parts))
        yield [(start + low, start + high) for low, high in spans(stop - start, size)]
