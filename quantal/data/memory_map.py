"""Reading a memory map from end to end without keeping it in memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

CHUNK_BYTES = 8 << 20  # fits the outer cache of current processors, large enough to stream a disk


def release_pages(array: Any) -> bool:
    """Let the kernel drop the pages of the file behind ``array`` from this process.

    The rows stay readable: touching them again reads the page cache or the file. Only maps opened
    with mode "r" or "r+" are released, because in a copy-on-write map ("c") the pages hold changes
    that exist nowhere else.

    Args:
        array: Any array; a view of a memory map counts as the map.

    Returns:
        True if the kernel was advised, False if there is no such map behind the array.
    """
    found: np.memmap[Any, Any] | None = None
    base = array
    while base is not None and not isinstance(base, mmap.mmap):
        found = base if isinstance(base, np.memmap) else found
        base = getattr(base, "base", None)
    if found is None or base is None or found.mode not in {"r", "r+"}:
        return False
    if not (hasattr(base, "madvise") and hasattr(mmap, "MADV_DONTNEED")):
        return False  # Windows
    base.madvise(mmap.MADV_DONTNEED)
    return True


def rows_per_chunk(array: Any, max_bytes: int = CHUNK_BYTES) -> int:
    """Return how many rows of ``array`` fit in ``max_bytes``, at least one."""
    row_bytes = int(np.prod(array.shape[1:], dtype=np.int64)) * int(array.dtype.itemsize)
    return max(1, max_bytes // max(1, row_bytes))


def row_chunks(array: Any, *, max_bytes: int = CHUNK_BYTES) -> Iterator[tuple[int, Any]]:
    """Yield ``(first_row, rows)`` over the whole array, dropping each chunk's pages after use.

    Args:
        array: (n, ...) array, memory map or CSR array.
        max_bytes: Size of one chunk, in bytes; a chunk holds at least one row.

    Yields:
        The number of the chunk's first row and the rows: a view where the array is dense.
    """
    step = rows_per_chunk(array, max_bytes)
    for start in range(0, int(array.shape[0]), step):
        yield start, array[start : start + step]
        release_pages(array)
