"""Bits that say on which side of a threshold a projection lies; ties are 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import release_pages
from .ordered_products import in_order, one_thread_a_product

BLOCK = 256  # rows of one product; the last block is filled up with zeros
GROUP_FLOATS = 1 << 18  # 1 MiB of rows is converted at once and stays in a core's cache


def above_thresholds(
    x: Any,
    directions: NDArray[np.float32],
    thresholds: NDArray[np.float32],
    center: NDArray[np.float64] | None = None,
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the first row and the bits (x - center) @ directions > thresholds of block after block.

    Every product has 256 rows and runs on one thread, several side by side, so a row's bits depend
    on nothing else.

    Args:
        x: (n, d) array, memory map or CSR array of any real dtype.
        directions: (d, n_bits).
        thresholds: (n_bits,).
        center: shape (d,), subtracted in float64; None: nothing is, which saves a pass.

    Yields:
        The number of a block's first row and its bits, shape (b, n_bits), uint8.
    """
    n, d = int(x.shape[0]), int(x.shape[1])
    step = BLOCK * max(1, GROUP_FLOATS // (BLOCK * d))

    def groups() -> Iterator[NDArray[np.float32]]:
        for start in range(0, n, step):
            rows = dense_rows(x[start : start + step])
            shifted = rows if center is None else rows - center
            yield np.ascontiguousarray(shifted, np.float32)
            release_pages(x)

    def bits_of(group: NDArray[np.float32]) -> NDArray[np.uint8]:
        count = len(group)
        if count % BLOCK:
            group = np.pad(group, ((0, -count % BLOCK), (0, 0)))
        scores = group.reshape(-1, BLOCK, d) @ directions  # one product for each 256 rows
        bits = scores.reshape(-1, directions.shape[1])[:count] > thresholds
        return bits.view(np.uint8)

    with one_thread_a_product() as n_threads:
        found = in_order(bits_of, groups(), min(n_threads, -(-n // step)))
        yield from zip(range(0, n, step), found, strict=True)


def dense_rows(rows: Any) -> NDArray[Any]:
    """Return rows of an array or a sparse matrix as an array."""
    return np.asarray(rows) if isinstance(rows, np.ndarray) else rows.toarray()
