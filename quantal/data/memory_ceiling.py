"""How much one reader may allocate."""

from __future__ import annotations

import math
import os
from functools import lru_cache
from pathlib import Path

from ..errors import DataError

_FALLBACK = 4 << 30  # where the system does not tell
_CONTAINER = ("memory.max", "memory/memory.limit_in_bytes")  # of control groups 2 and 1
JSON_FACTOR = 24  # bytes that Python's objects take for one byte of JSON, at the worst: lists of []


def memory_ceiling() -> int:
    """Return the bytes that one array may take: four fifths of what the process can have.

    That is the machine's memory, the limit of the container, or what a limit on the address space
    (``ulimit -v``) leaves, whichever is least.
    """
    return min(_machine_memory(), _left_in_address_space()) * 4 // 5


@lru_cache(maxsize=1)
def _machine_memory() -> int:
    try:
        found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return _FALLBACK
    for name in _CONTAINER:
        try:
            found.append(int((Path("/sys/fs/cgroup") / name).read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return min(found)


def _left_in_address_space() -> int:
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return 1 << 62
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return max(0, limit - pages * os.sysconf("SC_PAGE_SIZE"))
    except (ImportError, AttributeError, OSError, ValueError):  # Windows, macOS
        return 1 << 62


def require_memory(n_bytes: float, what: str) -> None:
    """Raise DataError if an array of ``n_bytes`` cannot fit in the memory of this process."""
    ceiling = memory_ceiling()
    if n_bytes > ceiling:
        raise DataError(
            f"{what} needs {_gibibytes(n_bytes)} GiB, more than the {_gibibytes(ceiling)} GiB that "
            "this machine allows. Save the rows as .npy: that is read from disk, not copied."
        )


def _gibibytes(n_bytes: float) -> str:
    """Return one digit behind the point, and three significant ones below a tenth."""
    size = n_bytes / 2**30
    return f"{size:.1f}" if size >= 0.1 or math.isclose(size, 0) else f"{size:.3g}"
