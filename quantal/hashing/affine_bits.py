"""Bits that say on which side of a threshold a projection lies; ties are 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .row_groups import bit_groups


def above_thresholds(
    x: Any,
    directions: NDArray[np.float32],
    thresholds: NDArray[np.float32],
    center: NDArray[np.float64] | None = None,
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the first row and the bits (x - center) @ directions > thresholds of group after group.

    Args:
        x: (n, d) array, memory map or CSR array of any real dtype.
        directions: (d, n_bits).
        thresholds: (n_bits,).
        center: shape (d,), subtracted in float64; None: nothing is, which saves a pass.

    Yields:
        The number of a group's first row and its bits, shape (b, n_bits), uint8.
    """
    return bit_groups(x, lambda blocks: blocks @ directions > thresholds, center)


def packed_above_thresholds(
    x: Any,
    directions: NDArray[np.float32],
    thresholds: NDArray[np.float32],
    center: NDArray[np.float64] | None,
    require_finite: Callable[[], None],
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the first row and the packed bits of group after group, as `above_thresholds` does.

    Rows need not be known to be finite, which would take another pass over them, nearly as long as
    the product: a nan or infinite value makes every projection of its row nan or infinite.

    Args:
        x: as for `above_thresholds`.
        directions: (d, n_bits).
        thresholds: (n_bits,).
        center: shape (d,) or None.
        require_finite: raises DataError if any row is not finite; called once if a projection is
            not, which overflow brings about too.

    Yields:
        The number of a group's first row and its codes, shape (b, ceil(n_bits / 8)), uint8.
    """
    known = False

    def packed(blocks: NDArray[np.float32]) -> NDArray[np.uint8]:
        nonlocal known
        with np.errstate(invalid="ignore", over="ignore"):
            projections = blocks @ directions
        if not known and not np.isfinite(projections).all():
            require_finite()
            known = True
        above = projections > thresholds
        if above.shape[-1] % 8:
            return np.packbits(above, axis=-1, bitorder="little")
        codes = np.packbits(above, bitorder="little")  # as one row, several times as fast
        return codes.reshape(*above.shape[:-1], -1)

    return bit_groups(x, packed, center)
