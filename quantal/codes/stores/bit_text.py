"""Packed codes as the text that databases read: bit strings and hexadecimal digits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..packing import unpack_bits

REVERSED = np.packbits(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little"), axis=1
)[:, 0]
"""Every byte with its bits in the opposite order."""


def bit_strings(packed: NDArray[np.uint8], n_bits: int) -> NDArray[np.bytes_]:
    """Return codes as strings of 0 and 1, bit 0 first, as SQL writes ``bit(n_bits)``; (n,)."""
    digits = unpack_bits(packed, n_bits) + np.uint8(ord("0"))
    return np.ascontiguousarray(digits).view(f"S{n_bits}")[:, 0]


def hex_strings(packed: NDArray[np.uint8]) -> list[str]:
    """Return codes as hexadecimal digits, two a byte, bit 0 the most significant of the first.

    Programs that count bits from the most significant one then call bit k what we call bit k.
    """
    digits = REVERSED[packed].tobytes().hex()
    width = 2 * packed.shape[1]
    return [digits[start : start + width] for start in range(0, len(digits), width)]
