"""Bits that say on which side of a threshold a projection lies; ties are 0."""

from __future__ import annotations

from collections.abc import Iterator
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
