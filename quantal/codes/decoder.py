"""A linear decoder for any binary code: the row that a code stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..data.memory_map import row_chunks
from ..errors import DataError, require_range
from .dense_rows import dense_rows, sliceable
from .named_codes import Codes
from .packing import require_packed


@dataclass(frozen=True, eq=False)
class LinearDecoder:
    """Decoder m(h) = offset + sum over the bits k of h_k * codewords[k], h in {0, 1}^l.

    Attributes:
        offset: (d,) float64, what the code of zeros stands for, in the unit of the rows.
        codewords: (l, d) float64, what each bit adds.

    Raises:
        DataError: Shapes do not fit together, or values are not finite.
    """

    offset: NDArray[np.float64]
    codewords: NDArray[np.float64]

    def __post_init__(self) -> None:
        offset = np.asarray(self.offset, np.float64)
        codewords = np.asarray(self.codewords, np.float64)
        if codewords.ndim != 2 or 0 in codewords.shape or offset.shape != codewords.shape[1:]:
            raise DataError(
                "A decoder needs an offset of shape (d,) and codewords of shape (n_bits, d), got "
                f"{offset.shape} and {codewords.shape}."
            )
        if not (np.isfinite(offset).all() and np.isfinite(codewords).all()):
            raise DataError("offset and codewords must be finite. Fit the decoder again.")
        object.__setattr__(self, "offset", offset)
        object.__setattr__(self, "codewords", codewords)

    @property
    def n_bits(self) -> int:
        """Bits of the codes, l."""
        return int(self.codewords.shape[0])

    @property
    def n_features(self) -> int:
        """Columns of the rows, d."""
        return int(self.codewords.shape[1])

    def decode(self, bits: ArrayLike) -> NDArray[np.float32]:
        """Return m(h) for rows of bits (n, l) of 0 and 1: (n, d) float32."""
        values = np.asarray(bits)
        if values.ndim != 2 or values.shape[1] != self.n_bits:
            raise DataError(f"bits must have shape (n, {self.n_bits}), got {values.shape}.")
        return (values.astype(np.float64) @ self.codewords + self.offset).astype(np.float32)

    def squared_norms(self, codes: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return c(h) = ||sum_k h_k codewords[k]||^2 of packed codes, (n,) float64.

        It does not depend on the query. `asymmetric_search` computes it on the way, which is most
        of the work for few queries; compute it once where codes are searched again and again.
        """
        from .norms import code_norms

        return code_norms(require_packed(codes, "codes", self.n_bits), self)


def fit_decoder(rows: Any, bits: ArrayLike | Codes, *, ridge: float = 1e-8) -> LinearDecoder:
    """Fit the decoder of hard codes to the rows that they encode, by least squares.

    It works for the codes of any method. Reading once, chunk by chunk, it accumulates the normal
    equations in float64, so rows may be a memory map larger than memory.

    Args:
        rows: (n, d) real numbers, array, memory map or sparse matrix; images are taken as rows.
        bits: (n, l) zeros and ones, or `Codes`.
        ridge: added to the variance of each bit (at most 1/4), so that constant and repeated bits
            leave the equations solvable; a constant bit gets a codeword of 0.

    Returns:
        The decoder with the least sum of ||x - m(h)||^2.

    Raises:
        DataError: Different numbers of rows, none, or values that are not finite.
        ParameterError: ``ridge`` is not positive.

    Source: the decoder of stochastic generative hashing (Dai et al. 2017, arXiv:1701.02815).
    Differs: fitted alone, in closed form, to the codes as they are deployed.
    """
    require_range("ridge", ridge, low=0, low_open=True)
    rows, bits = sliceable(rows), bits if isinstance(bits, Codes) else np.asarray(bits)
    if rows.shape[0] != len(bits) or len(bits) == 0:
        raise DataError(
            f"rows and bits must be of one length, at least 1, got {rows.shape[0]} and {len(bits)}."
        )
    sums = _Sums()
    for start, chunk in row_chunks(rows):
        values = dense_rows(chunk, "rows")
        if not np.isfinite(values).all():
            raise DataError(
                f"rows {start} to {start + len(values) - 1} contain nan or infinite values. "
                "Remove or replace them first."
            )
        sums.add(_bits_of(bits, start, start + len(values)), values)
    return sums.solve(ridge)


def _bits_of(bits: Any, start: int, stop: int) -> NDArray[np.float64]:
    if isinstance(bits, Codes):
        part = Codes(bits.packed[start:stop], bits.n_bits).bits
    else:
        part = bits[start:stop]
        if part.ndim != 2 or not ((part == 0) | (part == 1)).all():
            raise DataError(
                "bits must be 0 and 1 of shape (n, n_bits). Pass Codes if these are packed codes."
            )
    return part.astype(np.float64)


class _Sums:
    """Sums over rows of products of bits and columns, shifted by the first chunk's mean."""

    n: int = 0

    def add(self, bits: NDArray[np.float64], values: NDArray[np.float64]) -> None:
        if self.n == 0:
            self.shift = values.mean(axis=0)  # columns far from 0 would cost digits
            self.bits, self.values = np.zeros(bits.shape[1]), np.zeros(values.shape[1])
            self.bits_bits = np.zeros((bits.shape[1], bits.shape[1]))
            self.bits_values = np.zeros((bits.shape[1], values.shape[1]))
        values = values - self.shift
        self.n += len(bits)
        self.bits += bits.sum(axis=0)
        self.values += values.sum(axis=0)
        self.bits_bits += bits.T @ bits
        self.bits_values += bits.T @ values

    def solve(self, ridge: float) -> LinearDecoder:
        from scipy.linalg import solve

        bits, values = self.bits / self.n, self.values / self.n
        covariance = self.bits_bits / self.n - np.outer(bits, bits)
        covariance[np.diag_indices_from(covariance)] += ridge
        crossed = self.bits_values / self.n - np.outer(bits, values)
        codewords = solve(covariance, crossed, assume_a="pos")
        return LinearDecoder(self.shift + values - bits @ codewords, codewords)
