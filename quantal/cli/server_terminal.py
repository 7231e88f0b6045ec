"""What the terminal of a server shows: the way to its readiness, where it is, its requests."""

from __future__ import annotations

import logging
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .row_blocks import SLOW_ROWS
from .terminal import Terminal, to_stderr

if TYPE_CHECKING:
    from ..app import ServerSettings
    from ..data import Dataset


@contextmanager
def index_progress(
    dataset: Dataset | None, terminal: Terminal
) -> Iterator[Callable[[int, int], None]]:
    """Give what shows how many rows are ready to be searched in; a bar where that takes a while.

    Args:
        dataset: the rows, or None.
        terminal: shows the bar.
    """
    from rich.console import Console
    from rich.progress import Progress

    shown = terminal.is_live and dataset is not None and len(dataset) >= SLOW_ROWS
    with Progress(console=Console(stderr=True), disable=not shown, transient=True) as bar:
        task = bar.add_task("preparing to search", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@dataclass(frozen=True)
class Greeting:
    """What is said when the server is ready.

    Attributes:
        model: What is served.
        dataset: The rows to look at, or None.
        settings: Whom the server lets in.
        made_token: The token, if it was made just now and nobody knows it yet.
        opens: Whether a browser may be opened.
    """

    model: Any
    dataset: Dataset | None
    settings: ServerSettings
    made_token: str | None
    opens: bool

    def say(self, address: str, terminal: Terminal) -> None:
        """Say where pages and REST interface are, and open the page if somebody watches."""
        page = f"{address}/"
        if self.settings.token is not None:
            page += f"?token={self.settings.token}"
        name = type(self.model).__name__
        if self.dataset is not None:
            shown = page if self.made_token else f"{address}/"
            terminal.say(f"{name} and {len(self.dataset):,} rows: open {shown}")
        terminal.say(f"programs: {address}/v1/, described at {address}/v1/openapi.json")
        if self.made_token is not None:  # nobody could come in without, so quiet does not count
            to_stderr(f"token, for the header Authorization: Bearer {self.made_token}")
            to_stderr("nothing is encrypted: on a shared network put a proxy with TLS before it")
        terminal.say("Ctrl-C stops the server")
        if self.opens and self.dataset is not None and terminal.is_live:
            webbrowser.open(page)


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        to_stderr(self.format(record))


def print_requests() -> None:
    """Print a line for every request: time, number, method, path, status, duration."""
    lines = _Lines()
    lines.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log = logging.getLogger("quantal.app")
    log.addHandler(lines)
    log.setLevel(logging.INFO)
