"""Scores of codes for real-valued queries: tables, norms, and the pieces of an exact scan."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import release_pages
from ..threads import run_all
from .norms import Norms, classified, norms_of, screens
from .ordering import first_by_score
from .partition import Span, part_count, query_blocks, segments, spans
from .query_words import read_only_rows

if TYPE_CHECKING:
    from .decoder import LinearDecoder

SEGMENT_ROWS = 1 << 20  # codes whose norms are held at once
SCREENED_ROWS = 2048  # codes split at once: their groups stay in the innermost cache
QUERIES_TOGETHER = 128  # they share one block of split codes
SAMPLE_STRIDE = 61  # a prime, as data may repeat after some other number of rows
SAMPLED_FROM = 1 << 16  # codes from which on a sample pays
MOST_SAMPLED = 1 << 17  # codes of a sample
LEAST_SIZE, MOST_SIZE = 1e-30, 1e37  # of scores that are summed up in float32
NO_ROW = np.iinfo(np.int64).max


class Lowest:
    """The codes of lowest score seen so far by one block of queries; see `keep_lowest`.

    Args:
        weights: (q, 8 * n_bytes) float64, what a set bit adds to the score.
        k: codes per query.
        limits: (q,) scores from which on a scan that screens keeps no code; None: there are none.
    """

    def __init__(
        self, weights: NDArray[np.float64], k: int, limits: NDArray[np.float64] | None = None
    ) -> None:
        self.weights = weights
        self.limits = np.full(len(weights), np.inf) if limits is None else limits
        self.counts = np.zeros(len(weights), np.int64)
        self.scores = np.full((len(weights), k), np.inf)  # stays infinite where too few were shown
        self.rows = np.full((len(weights), k), NO_ROW)

    def scan(self, codes: NDArray[np.uint8], span: Span, norms: Norms) -> None:
        """Show the codes of a span, whose norms are given; later than all shown before."""
        sizes = np.abs(self.weights).sum(axis=1) + float(np.ptp(norms.lows))
        fits = sizes.min() > LEAST_SIZE and sizes.max() < MOST_SIZE
        if norms.classes is None or not fits:
            self._scan_all(codes, span, norms.values)
        else:
            self._screen(codes, span, norms)

    def _screen(self, codes: NDArray[np.uint8], span: Span, norms: Norms) -> None:
        from .screening_kernels import fill_groups, keep_lowest_screened
        from .table_code import ENTRIES, group_count

        n_queries, n_groups = len(self.weights), group_count(codes.shape[1]) + 1
        parts = np.empty((n_queries, n_groups * ENTRIES), np.float32)
        settings = np.empty((n_queries, 5))
        fill_groups(self.weights, norms.lows, parts, settings)
        keep_lowest_screened(
            read_only_rows(codes, span),
            span[0],
            norms.values,
            norms.classes,
            parts,
            byte_tables(self.weights),
            self.counts,
            self.scores,
            self.rows,
            self.limits,
            aligned(SCREENED_ROWS * n_groups),
            aligned(n_queries * n_groups * ENTRIES).reshape(n_queries, -1),
            settings,
            (0,) * codes.shape[1],
            (0,) * n_groups,
        )

    def _scan_all(self, codes: NDArray[np.uint8], span: Span, norms: NDArray[np.float64]) -> None:
        from .asymmetric_kernels import keep_lowest

        keep_lowest(
            read_only_rows(codes, span),
            span[0],
            norms,
            byte_tables(self.weights),
            self.counts,
            self.scores,
            self.rows,
            (0,) * codes.shape[1],
        )


def bytes_per_query(codes: NDArray[np.uint8], k: int) -> int:
    """Bytes that one query takes while it is searched."""
    return (8 * 256 + 9 * 64 * 2) * int(codes.shape[1]) + 32 * k


def scan_all(
    codes: NDArray[np.uint8],
    weights: NDArray[np.float64],
    k: int,
    norms: NDArray[np.float64] | LinearDecoder | None,
    n_threads: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return scores and rows of the k lowest scores, (q, k) each.

    Args:
        codes: (n, n_bytes) uint8.
        weights: (q, 8 * n_bytes) float64, what a set bit adds to the score.
        k: codes per query.
        norms: (n,) what each code adds; a decoder computes that; None adds nothing.
        n_threads: threads to use.
    """
    limits = _limits(codes, weights, k, norms, n_threads)
    scores, rows = _scan(codes, weights, k, norms, limits, n_threads)
    missed = np.flatnonzero(scores[:, -1] >= limits)
    if len(missed):  # fewer than k were below the limit, which a sample had promised
        none = np.full(len(missed), np.inf)
        scores[missed], rows[missed] = _scan(codes, weights[missed], k, norms, none, n_threads)
    return scores, rows


def _scan(
    codes: NDArray[np.uint8],
    weights: NDArray[np.float64],
    k: int,
    norms: NDArray[np.float64] | LinearDecoder | None,
    limits: NDArray[np.float64],
    n_threads: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the k lowest scores, at least of those below the limits; else infinity."""
    blocks = query_blocks(len(weights), n_threads, QUERIES_TOGETHER)
    n_parts = part_count(len(blocks), n_threads)
    slots = [[Lowest(weights[a:b], k, limits[a:b]) for _ in range(n_parts)] for a, b in blocks]
    for parts in segments(codes, n_parts, SEGMENT_ROWS):
        first, stop = parts[0][0], parts[-1][1]
        added = classified(norms_of(codes, (first, stop), norms, n_threads), codes.shape[1])
        work = [
            partial(slot.scan, codes, (a, b), added.part(a - first, b - first))
            for block in slots
            for slot, (a, b) in zip(block, parts, strict=False)
        ]
        run_all(work, n_threads)
        release_pages(codes)
    scores = np.concatenate([np.hstack([slot.scores for slot in block]) for block in slots])
    rows = np.concatenate([np.hstack([slot.rows for slot in block]) for block in slots])
    return first_by_score(scores, rows, k)


def _limits(
    codes: NDArray[np.uint8],
    weights: NDArray[np.float64],
    k: int,
    norms: NDArray[np.float64] | LinearDecoder | None,
    n_threads: int,
) -> NDArray[np.float64]:
    """Return what the k-th lowest score of each query is very likely below, (q,).

    Without it the first codes of all would be scored and kept, to be replaced one by one. It is
    just beyond the r-th lowest score of a sample, r being what the sample holds of the k lowest
    and three deviations. Infinite where codes are few or not screened.
    """
    none = np.full(len(weights), np.inf)
    if len(codes) < SAMPLED_FROM or not screens(codes.shape[1]):
        return none
    stride = max(SAMPLE_STRIDE, len(codes) // MOST_SAMPLED | 1)
    expected = k / stride
    rank = math.ceil(expected + 3 * math.sqrt(expected) + 3)
    if rank * stride > len(codes):
        return none
    sample = _sampled(codes, stride)
    given = np.ascontiguousarray(norms[::stride]) if isinstance(norms, np.ndarray) else norms
    whole = (0, len(sample))
    added = classified(norms_of(sample, whole, given, n_threads), codes.shape[1])
    slots = [
        Lowest(weights[a:b], rank)
        for a, b in query_blocks(len(weights), n_threads, QUERIES_TOGETHER)
    ]
    run_all([partial(slot.scan, sample, whole, added) for slot in slots], n_threads)
    limits = np.concatenate([np.nextafter(slot.scores[:, 0], np.inf) for slot in slots])
    return np.where(np.isnan(limits), np.inf, limits)  # of norms that are no numbers


def _sampled(codes: NDArray[np.uint8], stride: int) -> NDArray[np.uint8]:
    """Return every so many-th code; a memory map is read in segments."""
    parts = []
    for start, stop in spans(len(codes), SEGMENT_ROWS):
        parts.append(codes[start + -start % stride : stop : stride].copy())
        release_pages(codes)
    return np.concatenate(parts)


def byte_tables(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (q, n_bytes, 256) float64: what each value of each byte adds to the score."""
    from .asymmetric_kernels import fill_tables

    tables = np.empty((len(weights), weights.shape[1] // 8, 256))
    fill_tables(weights, tables)
    return tables


def aligned(n_bytes: int) -> NDArray[np.uint8]:
    """Return bytes that start on a cache line: vectors across two lines are read at half speed."""
    room = np.empty(n_bytes + 64, np.uint8)
    first = -room.ctypes.data % 64
    return room[first : first + n_bytes]
