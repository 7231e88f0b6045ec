"""Compiled counting of Hamming distances: XOR, population count, histogram.

A tile of the gallery stays in the cache while a block of queries passes over it. For each query
the cells of a tile are computed first, which the compiler turns into vector instructions, and
counted afterwards. Nothing larger than a tile exists besides the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..codes.vector_code import compiled, count_bits

_TILE = 8192  # codes: 64 KB a word and 16 KB of cells stay in the second-level cache
_ONE = np.uint64(1)  # a plain 1 is signed, and numba takes signed with unsigned to float
_LANES = 4  # histograms in turn: adding twice to one counter would wait for the first


@compiled
def _fill_cells(cells: Any, planes: Any, start: int, words: Any, labels: Any, label: Any) -> None:
    """cells[j] = 2 * distance to code start + j, plus 1 if its label is the query's."""
    n = len(labels)
    plane, word = planes[0, start : start + n], words[0]
    for j in range(n):
        cells[j] = (count_bits(plane[j] ^ word) << _ONE) | np.uint64(labels[j] == label)
    for k in range(1, len(words)):
        plane, word = planes[k, start : start + n], words[k]
        for j in range(n):
            cells[j] += np.uint16(count_bits(plane[j] ^ word) << _ONE)


@compiled
def _count(cells: Any, start: int, stop: int, lanes: Any) -> None:
    whole = start + (stop - start) // 4 * 4
    for j in range(start, whole, 4):
        lanes[0, cells[j]] += 1
        lanes[1, cells[j + 1]] += 1
        lanes[2, cells[j + 2]] += 1
        lanes[3, cells[j + 3]] += 1
    for j in range(whole, stop):
        lanes[0, cells[j]] += 1


@compiled
def _count_and_place(
    cells: Any, low: int, high: int, lanes: Any, counts: Any, wanted: Any, found: Any, places: Any
) -> None:
    """Count the cells of ids low to high, and note where the ``wanted`` ones among them stand."""
    counted = 0
    for p in range(len(wanted)):
        if low <= wanted[p] < high:
            at = wanted[p] - low
            _count(cells, counted, at, lanes)
            cell = cells[at]
            found[p] = cell
            places[p] = counts[cell]
            for lane in range(_LANES):
                places[p] += lanes[lane, cell]
            counted = at
    _count(cells, counted, high - low, lanes)


@compiled
def _empty_lanes(lanes: Any, counts: Any) -> None:
    for cell in range(len(counts)):
        for lane in range(_LANES):
            counts[cell] += lanes[lane, cell]
            lanes[lane, cell] = 0


@compiled
def add_counts(
    planes: Any,
    labels: Any,
    first_id: int,
    query_words: Any,
    query_labels: Any,
    wanted: Any,
    counts: Any,
    found: Any,
    places: Any,
) -> None:
    """Add one part of the gallery to the histograms, in place; parts come in order of their ids.

    Args:
        planes: (n_words, n) uint64 of this part.
        labels: (n,) int32 of this part.
        first_id: id of its first code.
        query_words: (q, n_words) uint64.
        query_labels: (q,) int32.
        wanted: (q, K) int64 ids, ascending in each row, whose places are asked; K may be 0.
        counts: (q, 2 * (n_bits + 1)) int64; cell 2 d + 1 counts the codes at distance d that
            share the query's label, cell 2 d the others.
        found: (q, K) int64, receives the cell of each wanted id.
        places: (q, K) int64, receives how many codes of lower id share that cell.
    """
    n = len(labels)
    cells = np.empty(_TILE, np.uint16)
    lanes = np.zeros((_LANES, counts.shape[1]), np.uint32)
    for start in range(0, n, _TILE):
        stop = min(n, start + _TILE)
        low, high = first_id + start, first_id + stop
        for i in range(len(query_words)):
            _fill_cells(cells, planes, start, query_words[i], labels[start:stop], query_labels[i])
            _count_and_place(cells, low, high, lanes, counts[i], wanted[i], found[i], places[i])
            _empty_lanes(lanes, counts[i])
