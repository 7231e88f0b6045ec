"""What each code adds to every score, and the interval that it is in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import release_pages
from ..threads import run_all
from .partition import Span, spans
from .query_words import read_only_rows

if TYPE_CHECKING:
    from .decoder import LinearDecoder

MOST_SCREENED = 32  # bytes of a code; sums of more groups say too little in one byte


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


def norms_of(
    codes: NDArray[np.uint8],
    span: Span,
    norms: NDArray[np.float64] | LinearDecoder | None,
    n_threads: int,
) -> NDArray[np.float64]:
    """Return what each code of a span adds, (n,): given, by the decoder, or nothing."""
    if norms is None:
        return np.zeros(span[1] - span[0])
    if isinstance(norms, np.ndarray):
        return norms[span[0] : span[1]]
    return code_norms(codes[span[0] : span[1]], norms, n_threads)


def screens(n_bytes: int) -> bool:
    """Tell whether codes of so many bytes are screened on this machine."""
    from .table_code import has_wide_lookup

    return n_bytes <= MOST_SCREENED and has_wide_lookup()


def classified(norms: NDArray[np.float64], n_bytes: int) -> Norms:
    """Return norms, (n,), with their classes where codes of so many bytes can be screened."""
    from .table_code import ENTRIES

    low, high = float(norms.min()), float(norms.max())
    steps = ENTRIES / (high - low) if high > low else 0.0
    lows = low + np.arange(ENTRIES) / steps if steps else np.full(ENTRIES, low)
    if not screens(n_bytes) or not np.isfinite(high - low) or not np.isfinite(steps):
        return Norms(norms, None, lows)
    from .screening_kernels import classify

    classes = np.empty(len(norms), np.uint8)
    classify(norms, low, steps, classes)
    return Norms(norms, classes, lows)
