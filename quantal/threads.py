"""Independent pieces of work on several threads.

Compiled searches release the interpreter's lock, so Python's own threads suffice. Numba's parallel
loops would need a threading layer, of which the default one must not be entered from two threads
at once, as a web server does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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


class SharedSetting:
    """A setting of the whole process that several threads want changed at the same time.

    Each could note what it found and put that back, but one that comes second would find the first
    one's change, and leave it behind for ever where the first is done before it.

    Args:
        change: changes the setting; returns the number that was set before, and what puts it back.
    """

    def __init__(self, change: Callable[[], tuple[int, Callable[[], object]]]) -> None:
        self._change = change
        self._lock = Lock()
        self._holders = 0
        self._before = 0
        self._restore: Callable[[], object] | None = None

    @contextmanager
    def held(self) -> Iterator[int]:
        """Keep the change until the last of those who hold it is done; gives the number before."""
        with self._lock:
            if self._restore is None:
                self._before, self._restore = self._change()
            self._holders += 1
            before = self._before
        try:
            yield before
        finally:
            with self._lock:
                self._holders -= 1
                if self._holders == 0 and self._restore is not None:
                    self._restore()
                    self._restore = None


def _limit_products() -> tuple[int, Callable[[], object]]:
    counts = [int(library["num_threads"]) for library in linear_algebra().info()]
    libraries = _split()[0]
    _let_this_thread_set(libraries)
    limit = libraries.limit(limits=1)

    def restore() -> None:
        _let_this_thread_set(libraries)
        limit.restore_original_limits()
        _let_this_thread_set(libraries)  # and whichever is next

    return max(counts, default=1), restore


def _let_this_thread_set(libraries: ThreadpoolController) -> None:
    """Take OpenBLAS from the thread that limited it: threadpoolctl 3.8 ignores all others."""
    for library in libraries.lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


_PRODUCTS = SharedSetting(_limit_products)


@contextmanager
def one_thread_a_product() -> Iterator[int]:
    """Keep each matrix product on one thread; gives how many may run side by side.

    That number is what the linear algebra library was set to before, for example by
    ``OMP_NUM_THREADS`` or `threadpoolctl`. The setting is the whole process's: it comes back when
    the last of several threads that asked for it is done. Of a library on OpenMP it is this
    thread's.
    """
    with _PRODUCTS.held() as n_threads, _split()[1].limit(limits=1):
        yield n_threads


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Keep matrix products and OpenMP's loops, as of scikit-learn and torch, on this thread.

    The order of sums, hence their last bits, depends on the number of threads. OpenMP keeps a
    number for each thread, so each may note its own and put it back.
    """
    from threadpoolctl import ThreadpoolController

    # Not kept: the libraries come with the packages that are imported until now.
    loops = ThreadpoolController().select(user_api="openmp")
    with one_thread_a_product(), loops.limit(limits=1):
        yield


@cache
def _split() -> tuple[ThreadpoolController, ThreadpoolController]:
    """Part the libraries into those with one number for all threads and those with one for each.

    threadpoolctl sets OpenBLAS on OpenMP, as faiss brings it, for the calling thread from 3.8 on.
    """
    shared: list[str] = []
    own: list[str] = []
    for library in linear_algebra().lib_controllers:
        on_openmp = getattr(library, "threading_layer", None) == "openmp"
        is_own = on_openmp and hasattr(library, "clear_controlling_thread")
        (own if is_own else shared).append(library.filepath)
    return linear_algebra().select(filepath=shared), linear_algebra().select(filepath=own)


@cache
def linear_algebra() -> ThreadpoolController:
    """Find the libraries once: that takes milliseconds, much longer than to encode a row."""
    import scipy.linalg  # noqa: F401  brings a library of its own, which must be found too
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
