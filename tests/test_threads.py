"""Independent pieces of work."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from quantal.threads import run_all


@pytest.mark.parametrize("n_threads", [1, 3])
def test_every_task_runs_once(n_threads):
    done = []
    run_all([partial(done.append, i) for i in range(20)], n_threads)
    assert sorted(done) == list(range(20))


@pytest.mark.parametrize("n_threads", [1, 3])
def test_an_error_reaches_the_caller(n_threads):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_all([fail, *[int] * 10], n_threads)


def test_tasks_run_side_by_side():
    barrier = threading.Barrier(2, timeout=10)
    run_all([barrier.wait, barrier.wait], 2)
