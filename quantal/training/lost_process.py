"""What to say when a process of a joint fit ends before the others."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import torch.distributed as dist

from ..errors import LostProcessError

REPORT_SECONDS = 0.5  # for the others to report that they are still there
REMEDY = (
    "See what it said. Start again with --resume (resume=True) to go on from the "
    "last checkpoint; any number of processes will do."
)


_UNDER_WAY = threading.Event()


def is_under_way() -> bool:
    """Tell whether this process has noticed that another is missing, and is about to end."""
    return _UNDER_WAY.is_set()


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn the failure of an exchange into a LostProcessError that says who is missing."""
    try:
        yield
    except RuntimeError as error:  # of any backend
        if isinstance(error, LostProcessError) or not dist.is_initialized():
            raise
        raise _lost(error) from None


def _lost(error: RuntimeError) -> LostProcessError:
    _UNDER_WAY.set()
    rank, count = dist.get_rank(), dist.get_world_size()
    store = store_of_processes()
    with contextlib.suppress(RuntimeError):
        dist.destroy_process_group()  # closes the connections, so that the others notice too
    present = {rank} | (_reporting(store, rank, count) if count > 2 else set())
    missing = [str(number) for number in range(count) if number not in present]
    who = f"process {', '.join(missing)}" if missing else "a process"
    reason = str(error).splitlines()[0].rpartition("] ")[2].partition(". ")[0]
    message = f"{who} of {count} ended or cannot be reached, so the fit stops ({reason}). {REMEDY}"
    return LostProcessError(message, is_speaker=rank == min(present))


def store_of_processes() -> Any:
    """Return the key-value store of the default group, or None where it cannot be had."""
    try:
        return dist.distributed_c10d._get_default_store()
    except (AttributeError, RuntimeError, ValueError):
        return None


def _reporting(store: Any, rank: int, count: int) -> set[int]:
    """Report in, and return which of the others do."""
    found: set[int] = set()
    if store is None:
        return found
    with contextlib.suppress(RuntimeError):
        store.set(f"present/{rank}", "1")
        end = time.monotonic() + REPORT_SECONDS
        while time.monotonic() < end and len(found) < count - 1:
            found = {n for n in range(count) if n != rank and store.check([f"present/{n}"])}
            time.sleep(0.02)
    return found
