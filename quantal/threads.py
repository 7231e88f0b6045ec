"""Independent pieces of work on several threads.

Compiled searches release the interpreter's lock, so Python's own threads suffice. Numba's parallel
loops would need a threading layer, of which the default one must not be entered from two threads
at once, as a web server does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .errors import require_range


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
