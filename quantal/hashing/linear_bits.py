"""Bits that are signs of one matrix product, without a centred copy of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import release_pages
from .ordered_products import in_order, one_thread_a_product

BLOCK = 256  # rows of one product; the last block is filled up with zeros
GROUP_FLOATS = 1 << 18  # 1 MiB of rows is converted at once and stays in a core's cache
RELEASE_EVERY = 8  # groups between two releases of a memory map's pages
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
    """Yield the first row and the bits (x - center) @ directions >= 0 of block after block.

    The centre is folded into a threshold for each direction. Every product has 256 rows and runs
    on one thread, several side by side, so a row's bits depend on nothing else.

    Args:
        x: (n, d) array, memory map or CSR array of any real dtype.
        directions: (d, n_bits).
        center: shape (d,).

    Yields:
        The number of a block's first row and its bits, shape (b, n_bits), uint8.
    """
    n, d = int(x.shape[0]), int(x.shape[1])
    thresholds = (center @ directions).astype(np.float32)
    step = BLOCK * max(1, GROUP_FLOATS // (BLOCK * d))

    def bits_of(group: NDArray[np.float32]) -> NDArray[np.uint8]:
        count = len(group)
        if count % BLOCK:
            group = np.pad(group, ((0, -count % BLOCK), (0, 0)))
        scores = group.reshape(-1, BLOCK, d) @ directions  # one product for each 256 rows
        bits = scores.reshape(-1, directions.shape[1])[:count] >= thresholds
        return bits.view(np.uint8)

    with one_thread_a_product() as n_threads:
        found = in_order(bits_of, _groups(x, step), min(n_threads, -(-n // step)))
        yield from zip(range(0, n, step), found, strict=True)
    release_pages(x)


def _groups(x: Any, n_rows: int) -> Iterator[NDArray[np.float32]]:
    """Yield rows as float32, ``n_rows`` at a time; pages of a memory map are dropped on the way."""
    for number, start in enumerate(range(0, int(x.shape[0]), n_rows)):
        if number % RELEASE_EVERY == 0:
            release_pages(x)
        rows = x[start : start + n_rows]
        dense = np.asarray(rows) if isinstance(rows, np.ndarray) else rows.toarray()
        yield np.ascontiguousarray(dense, np.float32)
