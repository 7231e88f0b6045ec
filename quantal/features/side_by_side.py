"""Pictures described on several threads, each with products of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread_a_product() -> Iterator[int]:
    """Keep products on one thread, for they are tiny; gives how many may run side by side."""
    libraries = ThreadpoolController().select(user_api="blas")
    counts = [int(library["num_threads"]) for library in libraries.info()]
    with libraries.limit(limits=1):
        yield max(counts, default=1)
