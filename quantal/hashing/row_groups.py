"""A function of blocks of 256 rows, applied to all rows: the same result for any thread count.

Encoding reads rows in groups of whole blocks. Each group is one thread's work, centring included;
its products run on that thread alone, and have 256 rows each, so that no row's bits depend on the
rows around it, on the number of threads or on how a memory map was cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import release_pages
from ..threads import one_thread_a_product
from .centred_rows import centred, dense_rows
from .ordered_products import in_order

BLOCK = 256  # rows of one product; the last block is filled up with zeros
GROUP_FLOATS = 1 << 18  # 1 MiB of rows is converted at once and stays in a core's cache
MOST_BLOCKS = 16  # of a group: rows of few columns may still have thousands of bits
RELEASE_EVERY = 8  # groups between two releases of a memory map's pages

Blocks = Callable[[NDArray[np.float32]], NDArray[Any]]


def bit_groups(
    x: Any, bits_of: Blocks, center: NDArray[np.float64] | None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the first row and the bits of group after group.

    Args:
        x: (n, d) array, memory map or CSR array of any real dtype.
        bits_of: turns rows into bits, (k, 256, d) float32 -> (k, 256, n_bits) of booleans or 0 and
            1; called from several threads at once.
        center: shape (d,), subtracted in float64; None: nothing is, which saves a pass.

    Yields:
        The number of a group's first row and its bits, shape (b, n_bits), uint8.
    """
    n, d = int(x.shape[0]), int(x.shape[1])
    step = BLOCK * min(MOST_BLOCKS, max(1, GROUP_FLOATS // (BLOCK * d)))

    def of_group(start: int) -> NDArray[np.uint8]:
        rows = dense_rows(x[start : start + step])
        count = len(rows)
        group = np.asarray(rows, np.float32) if center is None else centred(rows, center)
        if count % BLOCK:
            group = np.pad(group, ((0, -count % BLOCK), (0, 0)))
        bits = bits_of(np.ascontiguousarray(group).reshape(-1, BLOCK, d))
        return bits.reshape(-1, bits.shape[-1])[:count].astype(np.uint8, copy=False)

    starts = range(0, n, step)
    with one_thread_a_product() as n_threads:
        found = in_order(of_group, starts, min(n_threads, len(starts)))
        for number, (start, bits) in enumerate(zip(starts, found, strict=True), start=1):
            yield start, bits
            if number % RELEASE_EVERY == 0:
                release_pages(x)
    release_pages(x)


def each_block(bits_of: Callable[[NDArray[np.float32]], NDArray[Any]]) -> Blocks:
    """Return ``bits_of``, (256, d) -> (256, n_bits), as a function of several blocks."""
    return lambda blocks: np.stack([bits_of(block) for block in blocks])
