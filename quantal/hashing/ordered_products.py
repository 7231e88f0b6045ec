"""Products of many blocks on several threads, whose sum is the same for any number of them.

A library that divides one product among threads rounds it differently for another number of
threads, and a fit by turns enlarges the last bit to another code. So each product runs on one
thread, several of them side by side, and results are used in the order of the blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass
class _Limit:
    """The limit in force, shared by all threads that asked for it."""

    lock: Lock = field(default_factory=Lock)
    holders: int = 0
    n_threads: int = 1
    restore: Callable[[], None] | None = None


_LIMIT = _Limit()


@contextmanager
def one_thread_a_product() -> Iterator[int]:
    """Keep each matrix product on one thread; gives how many may run side by side.

    That number is what the linear algebra library was set to before, for example by
    ``OMP_NUM_THREADS`` or `threadpoolctl`. The setting is the whole process's: it comes back when
    the last of several threads that asked for it is done.
    """
    with _LIMIT.lock:
        if _LIMIT.holders == 0:
            libraries = _linear_algebra()
            counts = [int(library["num_threads"]) for library in libraries.info()]
            _LIMIT.n_threads = max(counts, default=1)
            _LIMIT.restore = libraries.limit(limits=1).restore_original_limits
        _LIMIT.holders += 1
        n_threads = _LIMIT.n_threads
    try:
        yield n_threads
    finally:
        with _LIMIT.lock:
            _LIMIT.holders -= 1
            if _LIMIT.holders == 0 and _LIMIT.restore is not None:
                _LIMIT.restore()


@cache
def _linear_algebra() -> ThreadpoolController:
    """Find the libraries once: that takes milliseconds, much longer than to encode a row."""
    import scipy.linalg  # noqa: F401  brings a library of its own, which must be found too

    return ThreadpoolController().select(user_api="blas")


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], n_threads: int
) -> Iterator[Result]:
    """Yield ``function(item)`` in the order of the items, computed ahead by threads.

    Few items are under way at once, so blocks of a memory map do not pile up.

    Args:
        function: called from several threads at once.
        items: read from the calling thread only.
        n_threads: how many calls run side by side, >= 1.
    """
    if n_threads == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        under_way: deque[Future[Result]] = deque()
        for item in items:
            under_way.append(pool.submit(function, item))
            if len(under_way) > n_threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
