"""Calls on workers: as many at a time as allowed, none lost, none waited for without end."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from quantal.app import ServerSettings
from quantal.app.problems import Problem
from quantal.app.work_queue import WorkQueue


def queue_of(**settings):
    return WorkQueue(ServerSettings(**settings))


def test_results_and_errors_come_back():
    async def calls():
        queue = queue_of()
        assert await queue.run(lambda: 3) == 3
        with pytest.raises(ZeroDivisionError):
            await queue.run(lambda: 1 // 0)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await queue.run(lambda: next(iter(())))
        with pytest.raises(TimeoutError):  # of the call itself
            await queue.run(lambda: (_ for _ in ()).throw(TimeoutError()))
        queue.stop()

    asyncio.run(calls())


def test_no_more_calls_run_at_once_than_there_are_workers():
    most, now, lock = 0, 0, threading.Lock()

    def work():
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1

    async def calls():
        queue = queue_of(workers=3)
        await asyncio.gather(*(queue.run(work) for _ in range(20)))
        queue.stop()

    asyncio.run(calls())
    assert most == 3


def test_a_full_queue_says_when_to_come_again():
    gate = threading.Event()

    async def calls():
        queue = queue_of(workers=1, queue_size=2)
        held = [asyncio.create_task(queue.run(gate.wait))]
        while queue.busy < 1:
            await asyncio.sleep(0.001)
        held += [asyncio.create_task(queue.run(gate.wait)) for _ in range(2)]
        while queue.waiting < 2:
            await asyncio.sleep(0.001)
        with pytest.raises(Problem) as caught:
            await queue.run(lambda: None)
        gate.set()
        assert await asyncio.gather(*held) == [True] * 3
        queue.stop()
        return caught.value

    problem = asyncio.run(calls())
    assert problem.status_code == 429
    assert problem.headers == {"Retry-After": "1"}
    assert problem.detail.startswith("2 requests wait already, which is as many as may.")


def test_calls_that_take_too_long_are_given_up_and_nothing_is_started_in_their_place():
    gate, begun = threading.Event(), []

    async def calls():
        queue = queue_of(workers=1, timeout_seconds=0.05)
        both = [queue.run(gate.wait), queue.run(lambda: begun.append(1))]
        slow, behind = await asyncio.gather(*both, return_exceptions=True)
        assert (queue.busy, queue.waiting) == (1, 0)
        gate.set()
        assert await queue.run(lambda: "free again") == "free again"
        queue.stop()
        return slow, behind

    slow, behind = asyncio.run(calls())
    assert slow.status_code == 504
    assert slow.detail == (
        "The model took longer than 0.05 s for these rows. Send fewer at a time."
    )
    assert behind.status_code == 503
    assert behind.detail.startswith("No worker was free within 0.05 s. Send this request again in")
    assert behind.headers == {"Retry-After": "1"}
    assert begun == []


def test_stopping_does_not_wait_for_a_call_that_never_ends():
    gate = threading.Event()

    async def calls():
        queue = queue_of(workers=1)
        task = asyncio.create_task(queue.run(gate.wait))
        while not queue.busy:
            await asyncio.sleep(0.001)
        queue.stop(patience=0.01)
        task.cancel()

    began = time.monotonic()
    asyncio.run(calls())
    gate.set()
    assert time.monotonic() - began < 2
