"""How much one reader may allocate."""

from __future__ import annotations

import os

from ..errors import DataError

_FALLBACK = 4 << 30  # where the system does not tell


def memory_ceiling() -> int:
    """Return the bytes that one array may take: four fifths of the machine's memory."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 4 // 5
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return _FALLBACK


def require_memory(n_bytes: int, what: str) -> None:
    """Raise DataError if an array of ``n_bytes`` cannot fit in this machine's memory."""
    ceiling = memory_ceiling()
    if n_bytes > ceiling:
        raise DataError(
            f"{what} needs {n_bytes / 2**30:.1f} GiB, more than the {ceiling / 2**30:.1f} GiB that "
            "this machine allows. Save the rows as .npy: that is read from disk, not copied."
        )
