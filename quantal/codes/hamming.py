"""Exact Hamming search: the k nearest codes, and all codes within a radius."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, ParameterError, require_range
from ..threads import thread_count
from .nearest_codes import bytes_per_query, find_nearest
from .packing import require_packed, require_same_width
from .partition import query_batches, segments
from .query_words import as_words
from .within_radius import find_within

MAX_BYTES = 1024  # compiled code is as long as a code has words


def hamming_search(
    codes: NDArray[np.uint8], queries: NDArray[np.uint8], k: int, *, n_threads: int | None = None
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Find the k codes nearest to each query, exactly, by Hamming distance.

    Every code is compared: 64 at a time by vector instructions, block by block so that codes are
    read from the cache, the k best selected by counting distances instead of a heap. The result
    does not depend on the number of threads. The first call compiles for about a second per width;
    later processes load the compiled code from disk.

    Args:
        codes: (n, n_bytes) uint8 from `pack_bits`, any number of bytes; a memory map is read in
            segments and never copied whole.
        queries: (q, n_bytes) uint8.
        k: codes per query, from 1 to n.
        n_threads: threads to use; None takes what numba is set to (NUMBA_NUM_THREADS or
            `numba.set_num_threads`; all processors by default).

    Returns:
        distances: (q, k) int32, ascending.
        ids: (q, k) int64 row numbers of ``codes``; of equal distances the lower comes first.

    Raises:
        DataError: ``codes`` or ``queries`` are not packed codes, or not of one width.
        ParameterError: ``k`` or ``n_threads`` is out of range.
    """
    codes, queries = _comparable(codes, queries)
    require_range("k", k, low=1, integer=True)
    if k > len(codes):
        raise ParameterError(
            f"k must be at most {len(codes)}, the number of codes, got {k}. "
            "Pass a smaller k or more codes."
        )
    threads = thread_count(n_threads)
    distances = np.empty((len(queries), int(k)), np.int32)
    ids = np.empty((len(queries), int(k)), np.int64)
    for start, stop in query_batches(len(queries), bytes_per_query(codes, int(k))):
        found = find_nearest(codes, as_words(queries[start:stop]), int(k), threads)
        distances[start:stop], ids[start:stop] = found
    return distances, ids


def hamming_radius(
    codes: NDArray[np.uint8],
    queries: NDArray[np.uint8],
    radius: int,
    *,
    n_threads: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Find all codes within a Hamming radius of each query, the radius included.

    The codes are passed over twice, to count and to collect, so nothing is ever moved or sorted.
    (faiss's ``range_search`` excludes the radius: its 3 is our 2.)

    Args:
        codes: (n, n_bytes) uint8, as for `hamming_search`.
        queries: (q, n_bytes) uint8.
        radius: largest distance that counts, at least 0.
        n_threads: as for `hamming_search`.

    Returns:
        offsets: (q + 1,) int64; what was found for query i stands in offsets[i]:offsets[i + 1].
        ids: (offsets[-1],) int64 row numbers, for each query by distance and then row number.
        distances: (offsets[-1],) int32.

    Raises:
        DataError: ``codes`` or ``queries`` are not packed codes, not of one width, or more was
            found than memory holds.
        ParameterError: ``radius`` or ``n_threads`` is out of range.
    """
    codes, queries = _comparable(codes, queries)
    require_range("radius", radius, low=0, integer=True)
    limit = min(int(radius), 8 * codes.shape[1]) + 1
    threads = thread_count(n_threads)
    n_segments = sum(1 for _ in segments(codes, 1))
    per_query = 16 * limit * threads * max(1, n_segments)
    found = [
        find_within(codes, as_words(queries[start:stop]), limit, threads)
        for start, stop in query_batches(len(queries), per_query)
    ]
    counts = np.concatenate([np.zeros(1, np.int64), *(batch[0] for batch in found)])
    ids = np.concatenate([np.empty(0, np.int64), *(batch[1] for batch in found)])
    distances = np.concatenate([np.empty(0, np.int32), *(batch[2] for batch in found)])
    return np.cumsum(counts), ids, distances


def _comparable(
    codes: NDArray[np.uint8], queries: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    codes, queries = require_packed(codes, "codes"), require_packed(queries, "queries")
    require_same_width(codes, queries)
    if codes.shape[1] > MAX_BYTES:
        raise DataError(
            f"codes have {codes.shape[1]} bytes a row; searched are up to {MAX_BYTES}, which is "
            f"{8 * MAX_BYTES} bits. Are these rows of pixels instead of packed bits?"
        )
    return codes, queries
