"""Compiled asymmetric search that passes over most codes after a few cheap look-ups.

What a code adds to a query's score is a sum over its groups of six bits and over the class of its
norm. Rounded down to whole steps of one size these parts fit in bytes, and their sum bounds the
score from below. A code whose bound is not below the worst score kept cannot enter; every other
code is scored in float64 as in `asymmetric_kernels`. So the result is the same to the last bit.
`table_code` says how a block is laid out. Importing this module loads numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .asymmetric_kernels import rise, sink
from .table_code import ENTRIES, GROUP_BITS, LANES, any_within, lanes_within, split_chunk
from .vector_code import compiled, first_bit

HIGHEST = 254  # largest bound; sums stop at 255, which is beyond every bound
COARSE = 200  # a bound that fell below it wastes resolution: smaller steps pay
SLACK = 0.02  # of a step, for the rounding of entries, which are float32 before they are bytes
ROUNDING = 1e-13  # of the sum of sizes of all parts, for that of scores; a thousand roundings


@compiled
def classify(norms: Any, low: float, steps: float, classes: Any) -> None:
    """Set ``classes[i]`` to which of 64 equal intervals norm i is in; steps: intervals a unit."""
    for i in range(len(norms)):
        number = int((norms[i] - low) * steps)
        classes[i] = np.uint8(min(max(number, 0), ENTRIES - 1))


@compiled
def fill_groups(weights: Any, class_norms: Any, parts: Any, settings: Any) -> None:
    """Set ``parts[q, g * 64 + v]`` to what the value v of group g adds, less the group's least.

    The last group is the class of the norm. ``settings[q]`` becomes the sum of the least ones, no
    steps, the sum of the largest sizes, the sum of ranges, and infinity as the worst score so far.
    """
    values = np.empty(ENTRIES)
    last = parts.shape[1] // ENTRIES - 1
    for q in range(len(parts)):
        settings[q] = 0.0
        settings[q, 4] = np.inf
        for group in range(last + 1):
            values[:] = class_norms
            if group < last:
                values[0] = 0.0
                for bit in range(GROUP_BITS):
                    place = GROUP_BITS * group + bit
                    weight = weights[q, place] if place < weights.shape[1] else 0.0
                    for value in range(1 << bit):
                        values[(1 << bit) + value] = values[value] + weight
            low, high = values.min(), values.max()
            settings[q, 0] += low
            settings[q, 2] += max(abs(low), abs(high))
            settings[q, 3] += high - low
            for value in range(ENTRIES):
                parts[q, group * ENTRIES + value] = values[value] - low


@compiled
def set_steps(q: int, worst: float, parts: Any, tables: Any, settings: Any) -> None:
    """Round a query's parts down to bytes, in steps such that ``worst`` has the highest bound."""
    reach = max(worst - settings[q, 0], 1e-3 * settings[q, 3])
    steps = HIGHEST / reach if 0.0 < reach < np.inf else 0.0
    settings[q, 1], settings[q, 4] = steps, worst
    for place in range(parts.shape[1]):
        entry = min(parts[q, place] * np.float32(steps), np.float32(255.0))
        tables[q, place] = np.uint8(np.int32(entry))


@compiled
def bound_of(worst: float, settings: Any, q: int) -> Any:
    """Largest sum of bytes that a code with a score below ``worst`` can have."""
    rounding = ROUNDING * (settings[q, 2] + abs(worst))
    bound = (worst - settings[q, 0] + rounding) * settings[q, 1] + SLACK
    return np.uint8(min(max(bound, 0.0), HIGHEST))


@compiled
def fill_chunks(
    codes: Any, start: int, n_codes: int, classes: Any, planes: Any, width: Any, groups: Any
) -> None:
    """Split codes from ``start`` on, and the classes of their norms, into groups."""
    n_bytes, n_groups = len(width), len(groups)
    done = 0
    if n_bytes & (n_bytes - 1) == 0:
        while done + LANES <= n_codes:
            split_chunk(codes, classes, start + done, planes, done // LANES, width, groups)
            done += LANES
    for i in range(done, n_codes):
        place = i // LANES * n_groups * LANES + i % LANES
        for group in range(n_groups - 1):
            byte, shift = GROUP_BITS * group // 8, GROUP_BITS * group % 8
            bits = np.uint32(codes[start + i, byte])
            if byte + 1 < n_bytes:
                bits |= np.uint32(codes[start + i, byte + 1]) << np.uint32(8)
            bits = (bits >> np.uint32(shift)) & np.uint32(ENTRIES - 1)
            planes[place + group * LANES] = np.uint8(bits)
        planes[place + (n_groups - 1) * LANES] = classes[start + i]


@compiled
def next_within(
    planes: Any, chunk: int, n_chunks: int, tables: Any, q: int, bound: Any, groups: Any
) -> int:
    """The first chunk from ``chunk`` on with a code within the bound.

    It stores nothing, so that the tables stay in registers.
    """
    while chunk < n_chunks and not any_within(planes, chunk, tables, q, bound, groups):
        chunk += 1
    return chunk


@compiled
def score_of(codes: Any, row: int, norm: float, byte_parts: Any, q: int, width: Any) -> Any:
    """Score of one code, summed in the order of `asymmetric_kernels.score_rows`."""
    score = norm
    for byte in range(len(width)):
        score += byte_parts[q, byte, codes[row, byte]]
    return score


@compiled
def keep_lowest_screened(
    codes: Any,
    first_row: int,
    norms: Any,
    classes: Any,
    parts: Any,
    byte_parts: Any,
    counts: Any,
    scores: Any,
    rows: Any,
    limits: Any,
    planes: Any,
    tables: Any,
    settings: Any,
    width: Any,
    groups: Any,
) -> None:
    """Show further codes to each query as `asymmetric_kernels.keep_lowest` does.

    Codes with a score of ``limits[q]`` or more are passed over, however few are kept. ``planes``
    is room for a block, ``tables[q]`` for a query's bytes; ``parts`` and ``settings`` are from
    `fill_groups`. Arrays are indexed and not sliced in the loops: each slice counts references,
    which takes longer than a chunk.
    """
    block = len(planes) // len(groups)
    k = scores.shape[1]
    near = np.empty(block)  # a block's norms: those of the segment would come from memory
    for start in range(0, len(codes), block):
        n_codes = min(block, len(codes) - start)
        n_chunks = (n_codes + LANES - 1) // LANES
        fill_chunks(codes, start, n_codes, classes, planes, width, groups)
        near[:n_codes] = norms[start : start + n_codes]
        for q in range(len(tables)):
            chunk = 0
            while chunk < n_chunks:
                lanes = ~np.uint64(0)
                worst = scores[q, 0] if counts[q] == k else limits[q]
                if worst < np.inf:
                    bound = bound_of(worst, settings, q)
                    if bound < COARSE and worst < settings[q, 4]:
                        set_steps(q, worst, parts, tables, settings)
                        bound = bound_of(worst, settings, q)
                    chunk = next_within(planes, chunk, n_chunks, tables, q, bound, groups)
                    if chunk == n_chunks:
                        break
                    lanes = lanes_within(planes, chunk, tables, q, bound, groups)
                left = n_codes - chunk * LANES
                if left < LANES:  # the rest of the last chunk holds codes of an earlier block
                    lanes &= (np.uint64(1) << np.uint64(left)) - np.uint64(1)
                while lanes:
                    place = int(chunk * LANES + np.intp(first_bit(lanes)))
                    lanes &= lanes - np.uint64(1)
                    score = score_of(codes, start + place, near[place], byte_parts, q, width)
                    row = first_row + start + place
                    if counts[q] == k:
                        if score < scores[q, 0]:
                            sink(scores[q], rows[q], score, row)
                    elif score < limits[q] or limits[q] == np.inf:
                        rise(scores[q], rows[q], counts[q], score, row)
                        counts[q] += 1
                chunk += 1
