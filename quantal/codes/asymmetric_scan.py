"""Scores of codes for real-valued queries: tables, norms, and the pieces of an exact scan."""

from __future__ import annotations

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
NO_ROW = np.iinfo(np.int64).max


class Lowest:
    """The codes of lowest score seen so far by one block of queries; see `keep_lowest`.

    Args:
        weights: (q, 8 * n_bytes) float64, what a set bit adds to the score.
        k: codes per query.
    """

    def __init__(self, weights: NDArray[np.float64], k: int) -> None:
        self.weights = weights
        self.counts = np.zeros(len(weights), np.int64)
        self.scores = np.full((len(weights), k), np.inf)  # stays infinite where too few were shown
        self.rows = np.full((len(weights), k), NO_ROW)

    def scan(self, codes: NDArray[np.uint8], span: Span, norms: NDArray[np.float64]) -> None:
        """Show the codes of a span, whose norms are given; later than all shown before."""
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
    return 8 * 256 * int(codes.shape[1]) + 32 * k


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
    blocks = query_blocks(len(weights), n_threads)
    n_parts = part_count(len(blocks), n_threads)
    slots = [[Lowest(weights[a:b], k) for _ in range(n_parts)] for a, b in blocks]
    for parts in segments(codes, n_parts, SEGMENT_ROWS):
        first, stop = parts[0][0], parts[-1][1]
        added = _norms_of(codes, (first, stop), norms, n_threads)
        work = [
            partial(slot.scan, codes, (a, b), added[a - first : b - first])
            for block in slots
            for slot, (a, b) in zip(block, parts, strict=False)
        ]
        run_all(work, n_threads)
        release_pages(codes)
    scores = np.concatenate([np.hstack([slot.scores for slot in block]) for block in slots])
    rows = np.concatenate([np.hstack([slot.rows for slot in block]) for block in slots])
    return first_by_score(scores, rows, k)


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
