"""Bits that are signs of one matrix product, without a centred copy of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .row_groups import bit_groups

FAR = 100.0  # standard deviations from the origin within which float32 products may start there


def may_start_at_origin(center: NDArray[np.float64], spread: float) -> bool:
    """Return whether float32 products of uncentred rows still tell their differences.

    The rounding of x @ w grows with the distance of the rows from the origin. Up to 100 standard
    deviations it stays below a hundred-thousandth of one; farther away rows must be centred first.

    Args:
        center: mean of the rows, shape (d,).
        spread: typical standard deviation of a product of centred rows with a direction.
    """
    return bool(np.linalg.norm(center) <= FAR * spread)


def sign_blocks(
    x: Any, directions: NDArray[np.float32], center: NDArray[np.float64]
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the first row and the bits (x - center) @ directions >= 0 of group after group.

    The centre is folded into a threshold for each direction.

    Args:
        x: (n, d) array, memory map or CSR array of any real dtype.
        directions: (d, n_bits).
        center: shape (d,).

    Yields:
        The number of a group's first row and its bits, shape (b, n_bits), uint8.
    """
    thresholds = (center @ directions).astype(np.float32)
    return bit_groups(x, lambda blocks: blocks @ directions >= thresholds, None)
