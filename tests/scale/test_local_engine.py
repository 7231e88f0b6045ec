"""Shards on threads of one process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from quantal.scale.local_engine import one_thread_each


def on_a_new_thread(function, *args):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_two_runs_that_overlap_leave_torch_with_the_threads_it_had():
    contexts = [one_thread_each(), one_thread_each()]
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        runs = list(zip((first, second), contexts, strict=True))
        for thread, _ in runs:
            assert thread.submit(torch.get_num_threads).result() == 2
        for thread, context in runs:
            thread.submit(context.__enter__).result()
            assert thread.submit(torch.get_num_threads).result() == 1
        for thread, context in runs:
            assert on_a_new_thread(torch.get_num_threads) == 1
            thread.submit(context.__exit__, None, None, None).result()
            assert thread.submit(torch.get_num_threads).result() == 2
    assert on_a_new_thread(torch.get_num_threads) == 2
    assert torch.get_num_threads() == 2
