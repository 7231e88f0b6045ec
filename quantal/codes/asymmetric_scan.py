"""Scores of codes for real-valued queries: tables, norms, and the pieces of an exact scan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import release_pages
from ..threads import run_all
from .ordering import first_by_score
from .partition import Span, part_count, query_blocks, segments, spans
from .query_words import read_only_rows

if TYPE_CHECKING:
    from .decoder import LinearDecoder

SEGMENT_ROWS = 1 << 20  # codes whose norms are held at once
SCREENED_ROWS = 2048  # codes split at once: their groups stay in the innermost cache
MOST_SCREENED = 32  # bytes of a code; sums of more groups say too little in one byte
QUERIES_TOGETHER = 128  # they share one block of split codes
SAMPLE_STRIDE = 61  # a prime, as data may repeat after some other number of rows
SAMPLED_FROM = 1 << 16  # codes from which on a sample pays
NO_ROW = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Norms:
    """What each code of a segment adds to every score.

    Attributes:
        values: (n,) float64.
        classes: (n,) uint8, which of 64 intervals each is in; None: codes are not screened.
        lows: (64,) lower ends of the intervals.
    """

    values: NDArray[np.float64]
    classes: NDArray[np.uint8] | None
    lows: NDArray[np.float64]

    def part(self, start: int, stop: int) -> Norms:
        """Return those of some of the codes."""
        classes = None if self.classes is None else self.classes[start:stop]
        return Norms(self.values[start:stop], classes, self.lows)


class Lowest:
    """The codes of lowest score seen so far by one block of queries; see `keep_lowest`.

    Args:
        weights: (q, 8 * n_bytes) float64, what a set bit adds to the score.
        k: codes per query.
        limits: (q,) scores from which on no code is kept; None: there are none.
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
        if norms.classes is None:
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
    """Return the k lowest scores that are below the limits; infinity where there are fewer."""
    blocks = query_blocks(len(weights), n_threads, QUERIES_TOGETHER)
    n_parts = part_count(len(blocks), n_threads)
    slots = [[Lowest(weights[a:b], k, limits[a:b]) for _ in range(n_parts)] for a, b in blocks]
    for parts in segments(codes, n_parts, SEGMENT_ROWS):
        first, stop = parts[0][0], parts[-1][1]
        added = _classified(_norms_of(codes, (first, stop), norms, n_threads), codes.shape[1])
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
    expected = k / SAMPLE_STRIDE
    rank = math.ceil(expected + 3 * math.sqrt(expected) + 3)
    if len(codes) < max(SAMPLED_FROM, rank * SAMPLE_STRIDE) or not _screens(codes.shape[1]):
        return np.full(len(weights), np.inf)
    sample = np.ascontiguousarray(codes[::SAMPLE_STRIDE])
    given = norms[::SAMPLE_STRIDE] if isinstance(norms, np.ndarray) else norms
    whole = (0, len(sample))
    added = _classified(_norms_of(sample, whole, given, n_threads), codes.shape[1])
    slots = [
        Lowest(weights[a:b], rank)
        for a, b in query_blocks(len(weights), n_threads, QUERIES_TOGETHER)
    ]
    run_all([partial(slot.scan, sample, whole, added) for slot in slots], n_threads)
    release_pages(codes)
    return np.concatenate([np.nextafter(slot.scores[:, 0], np.inf) for slot in slots])


def byte_tables(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (q, n_bytes, 256) float64: what each value of each byte adds to the score."""
    from .asymmetric_kernels import fill_tables

    tables = np.empty((len(weights), weights.shape[1] // 8, 256))
    fill_tables(weights, tables)
    return tables


def code_norms(
    codes: NDArray[np.uint8], decoder: LinearDecoder, n_threads: int = 1
) -> NDArray[np.float64]:
    """Return ||sum_k h_k codewords[k]||^2 of each code, (n,) float64."""
    from .asymmetric_kernels import add_squared_norms

    sums = _half_byte_sums(decoder, codes.shape[1])
    norms = np.empty(len(codes))
    work = [
        partial(add_squared_norms, read_only_rows(codes, (a, b)), sums, norms[a:b])
        for a, b in spans(len(codes), 1 << 16)
    ]
    run_all(work, n_threads)
    release_pages(codes)
    return norms


def _half_byte_sums(decoder: LinearDecoder, n_bytes: int) -> NDArray[np.float64]:
    """Return (2 * n_bytes, 16, r): sums of codewords for every value of every four bits.

    Codewords longer than their number l are rotated into l dimensions first, which keeps norms.
    """
    factor = decoder.codewords
    if factor.shape[0] < factor.shape[1]:
        factor = np.linalg.qr(factor.T)[1].T
    padded = np.zeros((8 * n_bytes, factor.shape[1]))
    padded[: len(factor)] = factor
    values = (np.arange(16)[:, None] >> np.arange(4)) & 1
    sums = np.einsum("vb,hbr->hvr", values, padded.reshape(2 * n_bytes, 4, -1))
    return np.ascontiguousarray(sums)


def _norms_of(
    codes: NDArray[np.uint8],
    span: Span,
    norms: NDArray[np.float64] | LinearDecoder | None,
    n_threads: int,
) -> NDArray[np.float64]:
    if norms is None:
        return np.zeros(span[1] - span[0])
    if isinstance(norms, np.ndarray):
        return norms[span[0] : span[1]]
    return code_norms(codes[span[0] : span[1]], norms, n_threads)


def _screens(n_bytes: int) -> bool:
    """Tell whether codes of so many bytes are screened on this machine."""
    from .table_code import has_wide_lookup

    return n_bytes <= MOST_SCREENED and has_wide_lookup()


def _classified(norms: NDArray[np.float64], n_bytes: int) -> Norms:
    """Return norms with their classes, where codes can be screened."""
    from .table_code import ENTRIES

    low, high = float(norms.min()), float(norms.max())
    steps = ENTRIES / (high - low) if high > low else 0.0
    lows = low + np.arange(ENTRIES) / steps if steps else np.full(ENTRIES, low)
    if not _screens(n_bytes) or not np.isfinite(steps):
        return Norms(norms, None, lows)
    from .screening_kernels import classify

    classes = np.empty(len(norms), np.uint8)
    classify(norms, low, steps, classes)
    return Norms(norms, classes, lows)


def aligned(n_bytes: int) -> NDArray[np.uint8]:
    """Return bytes that start on a cache line: vectors across two lines are read at half speed."""
    room = np.empty(n_bytes + 64, np.uint8)
    first = -room.ctypes.data % 64
    return room[first : first + n_bytes]
