"""Shards on threads of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from typing import Any

from ..threads import SharedSetting, on_one_thread, thread_count
from .job import Job, LoadedModel, Outcome
from .results import process_shard
from .shards import Shard


def run_locally(
    job: Job, loaded: LoadedModel, shards: Sequence[Shard], n_workers: int | None
) -> Iterator[Outcome]:
    """Yield what became of every shard, as they end.

    A matrix product on several threads may round otherwise than on one. Each shard is the work
    of one thread, so the bytes are the same for any number of them, and on Ray.

    Args:
        job: what to do.
        loaded: the model, shared by all threads.
        shards: those that are not finished.
        n_workers: shards at once; None: one for each processor.
    """
    n = min(thread_count(n_workers), len(shards)) if loaded.device == "cpu" else 1
    with one_thread_each():
        if n <= 1:
            yield from (process_shard(job, loaded, shard) for shard in shards)
            return
        with ThreadPoolExecutor(n) as pool:
            futures = [pool.submit(process_shard, job, loaded, shard) for shard in shards]
            try:
                for future in as_completed(futures):
                    yield future.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Keep products of torch and of NumPy on the thread that asks for them."""
    with _TORCH_THREADS.held(), on_one_thread():
        yield


def _limit_torch() -> tuple[int, Callable[[], object]]:
    import torch

    before = _aside(torch.get_num_threads)
    _aside(torch.set_num_threads, 1)
    return before, partial(_aside, torch.set_num_threads, before)


def _aside(function: Callable[..., Any], *args: object) -> Any:
    """Call on a new thread: torch has a number for all new ones, and OpenMP's for this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


_TORCH_THREADS = SharedSetting(_limit_torch)
