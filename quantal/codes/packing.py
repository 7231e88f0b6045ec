"""Bits packed eight to a byte: bit k of a row in byte k // 8 at position k % 8."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, require_range

BIT_ORDER = "little"
"""The order within a byte, as `numpy.packbits` names it; faiss assumes the same."""

_CHECK_BYTES = 8 << 20


def pack_bits(bits: ArrayLike) -> NDArray[np.uint8]:
    """Pack rows of bits into bytes, bit k in byte k // 8 at position k % 8.

    NumPy packs the other way round unless told otherwise. Hamming distances do not care, but hash
    prefixes, byte tables and other programs do.

    Args:
        bits: (n, n_bits) zeros and ones of any integer, boolean or real dtype.

    Returns:
        (n, ceil(n_bits / 8)) uint8; the bits that fill up the last byte are 0.

    Raises:
        DataError: Not two-dimensional, no bits, or values other than 0 and 1.
    """
    values = np.asarray(bits)
    if values.ndim != 2 or values.shape[1] == 0:
        raise DataError(
            f"bits must have shape (n, n_bits) with n_bits >= 1, got {values.shape}. "
            "Pass one row per code; a single code is bits[None, :]."
        )
    _require_zeros_and_ones(values)
    return np.packbits(values.astype(bool, copy=False), axis=1, bitorder="little")


def unpack_bits(codes: ArrayLike, n_bits: int) -> NDArray[np.uint8]:
    """Unpack what `pack_bits` packed.

    Args:
        codes: (n, ceil(n_bits / 8)) uint8.
        n_bits: bits per code, at least 1.

    Returns:
        (n, n_bits) uint8 of 0 and 1.

    Raises:
        DataError: ``codes`` are not packed codes of this width, or a filling bit is 1.
        ParameterError: ``n_bits`` is not a positive integer.
    """
    packed = require_packed(codes, "codes", n_bits)
    require_zero_padding(packed, n_bits, "codes")
    return np.unpackbits(packed, axis=1, count=int(n_bits), bitorder="little")


def bytes_per_code(n_bits: int) -> int:
    """Return ceil(n_bits / 8), after checking that ``n_bits`` is a positive integer."""
    require_range("n_bits", n_bits, low=1, integer=True)
    return (int(n_bits) + 7) // 8


def require_packed(codes: Any, name: str, n_bits: int | None = None) -> NDArray[np.uint8]:
    """Return packed codes as an array without copying them, memory maps included.

    Args:
        codes: what should be (n, n_bytes) uint8.
        name: what messages call it.
        n_bits: the width it must have; None allows any.

    Raises:
        DataError: Something else.
    """
    packed = np.asarray(codes)
    if packed.dtype != np.uint8 or packed.ndim != 2 or packed.shape[1] == 0:
        raise DataError(
            f"{name} must be packed codes, uint8 of shape (n, n_bytes), got {packed.dtype} of "
            f"shape {packed.shape}. Pack bits with quantal.codes.pack_bits(bits)."
        )
    if n_bits is not None and packed.shape[1] != bytes_per_code(n_bits):
        raise DataError(
            f"{name} have {packed.shape[1]} bytes a row, but {n_bits} bits take "
            f"{bytes_per_code(n_bits)}. Pass the width that they were packed with."
        )
    return packed


def require_same_width(codes: NDArray[np.uint8], queries: NDArray[np.uint8]) -> None:
    """Raise DataError unless both have the same number of bytes a row."""
    if codes.shape[1] != queries.shape[1]:
        raise DataError(
            f"codes have {codes.shape[1]} bytes a row and queries {queries.shape[1]}; both must "
            "come from the same model."
        )


def require_zero_padding(codes: NDArray[np.uint8], n_bits: int, name: str) -> None:
    """Raise DataError if a bit beyond ``n_bits`` is set: it would count as a difference."""
    used = int(n_bits) % 8
    if used and (codes[:, -1] >> used).any():
        row = int(np.argmax(codes[:, -1] >> used != 0))
        raise DataError(
            f"{name} are not {n_bits} bits wide: row {row} has a bit set beyond them. Pass the "
            "width that they were packed with; if NumPy packed them, pass bitorder='little' there."
        )


def _require_zeros_and_ones(values: NDArray[Any]) -> None:
    if values.dtype == bool:
        return
    if values.dtype.kind not in "iuf":
        raise DataError(f"bits must be 0 and 1, got dtype {values.dtype}.")
    step = max(1, _CHECK_BYTES // (values.shape[1] * values.dtype.itemsize))
    for start in range(0, len(values), step):
        part = values[start : start + step]
        wrong = (part != 0) & (part != 1)
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise DataError(
                f"bits must be 0 and 1, but row {start + row}, column {column} holds "
                f"{part[row, column]}. Pass values > 0 if these are signs or projections."
            )
