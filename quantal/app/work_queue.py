"""Model calls on a few threads, behind a queue that does not grow."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from .problems import Problem
from .settings import ServerSettings

LONGEST_PAUSE = 60  # seconds that a client is ever told to wait
T = TypeVar("T")


class _Job:
    """One call, from the moment it waits."""

    def __init__(self, work: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.work, self.loop = work, loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.begun = False

    def settle(self, result: Any, error: BaseException | None) -> None:
        """Hand the outcome to the event loop, unless nobody waits for it any more."""
        with suppress(RuntimeError):  # the loop has been closed: the server has stopped
            self.loop.call_soon_threadsafe(self._deliver, result, error)

    def _deliver(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class WorkQueue:
    """Runs calls on ``settings.workers`` threads; at most ``settings.queue_size`` wait.

    Python cannot stop a thread. A call that takes too long is therefore given up by the client's
    side only: its worker stays busy until it ends, no other is started in its place, and what
    waits behind it is dropped when its own time is over.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self._changed = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._threads: list[threading.Thread] = []
        self._stopped = True
        self._busy = 0
        self._usual_seconds = 0.0  # what a call took lately

    @property
    def waiting(self) -> int:
        """Calls that no worker has begun."""
        return len(self._waiting)

    @property
    def busy(self) -> int:
        """Calls that a worker has begun and not ended."""
        return self._busy

    def _start(self) -> None:
        self._stopped = False
        self._threads = [
            # A daemon: Ctrl-C need not wait for a call that takes minutes.
            threading.Thread(target=self._work, name=f"quantal-worker-{number}", daemon=True)
            for number in range(self.settings.workers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """Let workers end what they have begun, for up to ``patience`` seconds, and no more."""
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify_all()
        deadline = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    async def run(self, work: Callable[[], T]) -> T:
        """Return ``work()``, called on a worker.

        Args:
            work: needs nothing from the event loop.

        Raises:
            Problem: 429, the queue is full; 503, no worker was free in time; 504, the call took
                too long. Whatever ``work`` raises comes through.
        """
        job = _Job(work, asyncio.get_running_loop())
        with self._changed:
            if self._stopped:
                self._start()
            if len(self._waiting) >= self.settings.queue_size:
                raise self._full()
            self._waiting.append(job)
            self._changed.notify()
        try:
            async with asyncio.timeout(self.settings.timeout_seconds):
                result: T = await job.future
                return result
        except TimeoutError:
            if not job.future.cancelled():  # the call itself raised it
                raise
            raise self._too_late(job) from None
        finally:
            self._withdraw(job)

    def pause(self) -> int:
        """Return after how many seconds a client should come again."""
        turns = (len(self._waiting) + self._busy) / self.settings.workers
        return min(LONGEST_PAUSE, max(1, math.ceil(turns * self._usual_seconds)))

    def _full(self) -> Problem:
        return Problem(
            429,
            f"{len(self._waiting)} requests wait already, which is as many as may. Send this one "
            f"again in {self.pause()} s, and fewer at a time.",
            {"Retry-After": str(self.pause())},
        )

    def _too_late(self, job: _Job) -> Problem:
        limit = f"{self.settings.timeout_seconds:g} s"
        if job.begun:
            return Problem(
                504, f"The model took longer than {limit} for these rows. Send fewer at a time."
            )
        return Problem(
            503,
            f"No worker was free within {limit}. Send this request again in {self.pause()} s.",
            {"Retry-After": str(self.pause())},
        )

    def _withdraw(self, job: _Job) -> None:
        with self._changed:
            if not job.begun and job in self._waiting:
                self._waiting.remove(job)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    return
                job = self._waiting.popleft()
                job.begun = True
                self._busy += 1
            began = time.monotonic()
            result, error = _outcome(job.work)
            with self._changed:
                self._busy -= 1
                took = time.monotonic() - began
                self._usual_seconds += 0.2 * (took - self._usual_seconds)
            job.settle(result, error)


def _outcome(work: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return work(), None
    except StopIteration as error:  # which a future refuses to carry
        return None, RuntimeError(f"a call ended with {error!r}")
    except BaseException as error:  # a worker outlives every call
        return None, error
