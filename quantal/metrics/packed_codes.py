"""Packed codes as the metrics read them: checked, and cut into 64-bit words."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..codes.packing import require_packed, require_same_width, require_zero_padding
from ..codes.query_words import as_words
from ..errors import DataError, require_range

MOST_BITS = 32_767
"""Longest code: the kernel numbers twice as many histogram cells in 16 bits."""


def code_pair(
    codes: ArrayLike, queries: ArrayLike, n_bits: int | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int]:
    """Check gallery and query codes against each other and return them with their bits.

    Args:
        codes: (n, n_bytes) uint8 packed gallery codes.
        queries: (q, n_bytes) uint8 packed query codes.
        n_bits: length of the codes; None for all bits of their bytes.

    Returns:
        Both arrays (memory maps stay memory maps) and the number of bits.

    Raises:
        DataError: a wrong shape, dtype or width, no rows, or bits beyond ``n_bits``.
        ParameterError: ``n_bits`` is out of range.
    """
    gallery, asked = require_packed(codes, "codes", n_bits), require_packed(queries, "queries")
    require_same_width(gallery, asked)
    bits = 8 * gallery.shape[1] if n_bits is None else int(n_bits)
    require_range("n_bits", bits, high=MOST_BITS)
    for name, packed in (("codes", gallery), ("queries", asked)):
        if len(packed) == 0:
            raise DataError(f"{name} has no rows; scores need at least one.")
        require_zero_padding(packed, bits, name)
    return gallery, asked, bits


def word_planes(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Packed codes (n, n_bytes) as (n_words, n): word k of every code lies in one row.

    A kernel that reads one word of many codes then reads consecutive memory. Always a copy: a
    read-only array, as memory maps are, would have the kernel compiled a second time.
    """
    return np.ascontiguousarray(as_words(codes).T)
