"""A command that several processes run together, as torchrun starts them: who speaks and writes."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import LostProcessError, ParameterError

if TYPE_CHECKING:
    from ..training import Processes

SPEAKING_SECONDS = 5.0  # at most, for the first process to say what is wrong
TOGETHER = ("fit",)


class Stopped(KeyboardInterrupt):
    """Another process ended, so torchrun stops this one too."""


def process_count() -> int:
    """Return how many processes run this command, by what torchrun says."""
    return _number("WORLD_SIZE", 1)


def process_rank() -> int:
    """Return the number of this process among them, from 0."""
    return _number("RANK", 0)


def _number(name: str, default: int) -> int:
    try:
        return max(default, int(os.environ.get(name, default)))
    except ValueError:
        return default


def require_alone(command: str) -> None:
    """Raise ParameterError where torchrun runs a command that one process must run.

    Args:
        command: the first word that was typed.
    """
    is_command = bool(command) and not command.startswith("-")
    if process_count() > 1 and is_command and command not in TOGETHER:
        raise ParameterError(
            f"{process_count()} processes were started, and 'quantal {command}' is run by one. "
            "Only 'quantal fit' can be started by torchrun."
        )


def speaks(error: BaseException) -> bool:
    """Tell whether this process is the one to tell the user of an error."""
    return process_rank() == 0 or getattr(error, "is_speaker", False)


def let_first_speak() -> None:
    """Wait until the first process, which says the same, has ended: torchrun stops all at once."""
    before = signal.signal(signal.SIGTERM, _stop)
    with contextlib.suppress(Stopped):
        time.sleep(SPEAKING_SECONDS)
    signal.signal(signal.SIGTERM, before)


def _stop(*_: object) -> None:
    raise Stopped


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Keep standard output for the first process."""
    if process_rank() == 0:
        yield
        return
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


@contextlib.contextmanager
def together(method: str) -> Iterator[Processes | None]:
    """Run a fit with the other processes that torchrun started; yields None where there are none.

    Args:
        method: as typed.

    Raises:
        ParameterError: The method is fitted by one process.
    """
    if process_count() == 1:
        yield None
        return
    require_takes_processes(method)
    from ..training import joined

    with joined() as processes, _stoppable():
        try:
            yield processes
        except LostProcessError:
            raise
        except Exception as error:
            if processes is not None and not processes.is_first:
                error.is_speaker = not processes.first_failed()  # type: ignore[attr-defined]
            elif processes is not None:
                processes.tell_failure()
            raise


def require_takes_processes(method: str) -> None:
    """Raise ParameterError unless several processes can fit a method together."""
    from ..catalog import METHODS

    able = [name for name, cls in METHODS.items() if getattr(cls, "several_processes", False)]
    if method in METHODS and method not in able:
        raise ParameterError(
            f"{method} is fitted by one process, and {process_count()} were started. Run it "
            f"without torchrun, or use a method that takes several: {', '.join(able)}."
        )


def by_first(processes: Processes | None, function: Callable[[], Any]) -> None:
    """Call a function in the first process only; its error is raised in all of them."""
    if processes is None:
        function()
        return

    def quietly() -> None:
        function()

    processes.from_first(quietly)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Turn the signal by which torchrun stops a process into an exception, to end in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    from ..training.lost_process import is_under_way

    def stop(*_: object) -> None:
        if not is_under_way():  # what there is to say and to keep is being said and kept
            _stop()

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if not is_under_way():  # else the process is about to end by itself, with its own status
            signal.signal(signal.SIGTERM, before)
