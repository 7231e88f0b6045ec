"""Products of many blocks on several threads, whose sum is the same for any number of them.

A library that divides one product among threads rounds it differently for another number of
threads, and a fit by turns enlarges the last bit to another code. So each product runs on one
thread, several of them side by side, and results are used in the order of the blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


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
