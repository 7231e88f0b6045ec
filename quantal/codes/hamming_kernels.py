"""Compiled Hamming search: blocks of codes, compared 64 at a time with one query after another.

`vector_code` says how a block is laid out. Importing this module loads numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .vector_code import (
    LANES,
    VECTOR,
    any_below,
    compiled,
    count_bits,
    first_bit,
    lanes_below,
    rearrange,
    word_at,
)


@compiled
def fill_block(codes: Any, start: int, stop: int, block: Any, width: Any) -> None:
    """Rearrange rows start:stop of packed codes (n, n_bytes) into chunks of words."""
    n_words, n_bytes = len(width), codes.shape[1]
    row = start
    if n_bytes == 8 * n_words and n_words & (n_words - 1) == 0:
        while row + VECTOR <= stop:
            chunk, lane = divmod(row - start, LANES)
            rearrange(codes, row * n_bytes, block, chunk * n_words * LANES + lane, width)
            row += VECTOR
    while row < stop:
        chunk, lane = divmod(row - start, LANES)
        place = chunk * n_words * LANES + lane
        for byte in range(0, n_bytes - 7, 8):
            block[place + byte * (LANES // 8)] = word_at(codes, row * n_bytes + byte)
        if n_bytes % 8:
            word = np.uint64(0)
            for byte in range(n_bytes - n_bytes % 8, n_bytes):
                word |= np.uint64(codes[row, byte]) << np.uint64(8 * (byte % 8))
            block[place + (n_words - 1) * LANES] = word
        row += 1


@compiled
def near_lanes(
    block: Any, chunk: int, n_codes: int, queries: Any, row: int, limit: Any, width: Any
) -> Any:
    """Bit i: code i of the chunk exists and is nearer to the query than ``limit``."""
    if not any_below(block, chunk, queries, row, limit, width):
        return np.uint64(0)
    lanes = lanes_below(block, chunk, queries, row, limit, width)
    left = n_codes - chunk * LANES
    if left < LANES:  # the rest of the last chunk holds codes of an earlier block
        lanes &= (np.uint64(1) << np.uint64(left)) - np.uint64(1)
    return lanes


@compiled
def distance_to(block: Any, chunk: int, lane: Any, queries: Any, row: int, width: Any) -> Any:
    """Hamming distance of one code of a block to a query."""
    distance = np.uint64(0)
    for position in range(len(width)):
        word = block[(chunk * len(width) + position) * LANES + lane]
        distance += count_bits(word ^ queries[row, position])
    return distance


@compiled
def keep_nearest(
    codes: Any,
    first_row: int,
    queries: Any,
    k: int,
    block: Any,
    limits: Any,
    below: Any,
    histograms: Any,
    counts: Any,
    distances: Any,
    rows: Any,
    width: Any,
) -> None:
    """Show further codes to each query, which keeps those that may be among its k nearest.

    For query q, ``limits[q]`` is the smallest L such that k codes seen so far are at distance L or
    nearer (more than any distance until k were seen), ``below[q]`` how many are nearer than L,
    ``histograms[q, d]`` how many of those kept are at distance d. Codes come by rising row number
    and the lower row wins a tie, so a code at distance L or more can be passed over at once.
    """
    block_codes = len(block) // (len(width) * LANES) * LANES
    for start in range(0, len(codes), block_codes):
        n_codes = min(block_codes, len(codes) - start)
        fill_block(codes, start, start + n_codes, block, width)
        for q in range(len(queries)):
            limit = limits[q]
            for chunk in range((n_codes + LANES - 1) // LANES):
                lanes = near_lanes(block, chunk, n_codes, queries, q, limit, width)
                while lanes:
                    lane = np.intp(first_bit(lanes))
                    lanes &= lanes - np.uint64(1)
                    distance = distance_to(block, chunk, lane, queries, q, width)
                    if distance >= limit:  # it was lowered within this chunk
                        continue
                    if counts[q] == distances.shape[1]:
                        counts[q] = drop_far(distances[q], rows[q], counts[q], limit, k - below[q])
                    distances[q, counts[q]] = distance
                    rows[q, counts[q]] = first_row + start + chunk * LANES + lane
                    counts[q] += 1
                    histograms[q, distance] += 1
                    below[q] += 1
                    while below[q] >= k:
                        limit -= np.uint64(1)
                        below[q] -= histograms[q, limit]
            limits[q] = limit


@compiled
def drop_far(distances: Any, rows: Any, count: int, limit: int, n_ties: int) -> int:
    """Keep what is nearer than ``limit`` and the first ``n_ties`` at it; return how many."""
    kept = 0
    for i in range(count):
        tie = distances[i] == limit and n_ties > 0
        if tie:
            n_ties -= 1
        if tie or distances[i] < limit:
            distances[kept] = distances[i]
            rows[kept] = rows[i]
            kept += 1
    return kept


@compiled
def drop_all_far(distances: Any, rows: Any, counts: Any, limits: Any, below: Any, k: int) -> None:
    """Leave each query only its k nearest, by rising row number."""
    for q in range(len(counts)):
        counts[q] = drop_far(distances[q], rows[q], counts[q], limits[q], k - below[q])


@compiled
def visit_within(
    codes: Any,
    first_row: int,
    queries: Any,
    limit: Any,
    block: Any,
    places: Any,
    distances: Any,
    rows: Any,
    width: Any,
) -> None:
    """Advance ``places[q, d]`` by one for every code at distance d < limit of query q.

    Before that, the code is written to this place, by rising row number; if ``rows`` is empty,
    codes are counted only.
    """
    block_codes = len(block) // (len(width) * LANES) * LANES
    for start in range(0, len(codes), block_codes):
        n_codes = min(block_codes, len(codes) - start)
        fill_block(codes, start, start + n_codes, block, width)
        for q in range(len(queries)):
            for chunk in range((n_codes + LANES - 1) // LANES):
                lanes = near_lanes(block, chunk, n_codes, queries, q, limit, width)
                while lanes:
                    lane = np.intp(first_bit(lanes))
                    lanes &= lanes - np.uint64(1)
                    distance = distance_to(block, chunk, lane, queries, q, width)
                    place = places[q, distance]
                    if len(rows):
                        rows[place] = first_row + start + chunk * LANES + lane
                        distances[place] = distance
                    places[q, distance] = place + 1
