"""Independent pieces of work on several threads.

Compiled searches release the interpreter's lock, so Python's own threads suffice. Numba's parallel
loops would need a threading layer, of which the default one must not be entered from two threads
at once, as a web server does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from .errors import require_range

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


def thread_count(n_threads: int | None) -> int:
    """Return the number of threads to use; None takes numba's own (NUMBA_NUM_THREADS).

    `numba.get_num_threads` is not asked: it starts numba's threading layer, and the one on OpenMP
    changes the number of threads of every other library on it, torch among them.
    """
    if n_threads is None:
        import numba

        return int(numba.config.NUMBA_NUM_THREADS)
    require_range("n_threads", n_threads, low=1, integer=True)
    return int(n_threads)


def run_all(tasks: Iterable[Callable[[], Any]], n_threads: int) -> None:
    """Run every task once; the first error is raised after those under way ended."""
    if n_threads == 1:
        for task in tasks:
            task()
        return
    with ThreadPoolExecutor(n_threads) as pool:
        futures = [pool.submit(task) for task in tasks]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


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
            libraries = linear_algebra()
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


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep matrix products and this thread's OpenMP loops on one thread.

    The order of sums, hence their last bit, depends on how many threads share them. Unlike that of
    products, OpenMP's setting is each thread's own, so several threads do not meet in it.
    """
    from threadpoolctl import threadpool_limits

    with one_thread_a_product(), threadpool_limits(1, user_api="openmp"):
        yield


@cache
def linear_algebra() -> ThreadpoolController:
    """Find the libraries once: that takes milliseconds, much longer than to encode a row."""
    import scipy.linalg  # noqa: F401  brings a library of its own, which must be found too
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
