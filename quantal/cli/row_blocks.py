"""Rows of a data set a block at a time, with a bar where that takes a while."""

from __future__ import annotations

from collections.abc import Iterator

from .terminal import Terminal

BLOCK_BYTES = 64 << 20
WHOLE_PASS = 256  # a multiple of the rows of a forward pass, so that none is padded between blocks
SLOW_ROWS = 20_000  # from here on a progress bar is worth its line


def row_blocks(n_rows: int, row_bytes: int, doing: str, terminal: Terminal) -> Iterator[slice]:
    """Yield slices that cover the rows in order; memory stays flat.

    Args:
        n_rows: rows of the data set.
        row_bytes: what the work on one row takes.
        doing: what the bar says.
        terminal: shows the bar for many rows.
    """
    from rich.console import Console
    from rich.progress import Progress

    step = rows_per_block(row_bytes)
    shown = terminal.is_live and n_rows >= SLOW_ROWS
    with Progress(console=Console(stderr=True), disable=not shown, transient=True) as bar:
        task = bar.add_task(doing, total=n_rows)
        for start in range(0, n_rows, step):
            stop = min(start + step, n_rows)
            yield slice(start, stop)
            bar.update(task, completed=stop)


def rows_per_block(row_bytes: int) -> int:
    """Return how many rows a block has, a multiple of `WHOLE_PASS`."""
    return max(1, BLOCK_BYTES // max(1, row_bytes) // WHOLE_PASS) * WHOLE_PASS
