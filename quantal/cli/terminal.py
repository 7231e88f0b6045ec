"""What the commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import typer

BAR_WIDTH = 30
MOST_BARS = 24


def to_stderr(text: str) -> None:
    """Write one line on standard error, whatever line breaks ``text`` has."""
    typer.echo(" ".join(text.split()), err=True)


class Terminal:
    """Status lines of a command.

    Args:
        quiet: print nothing but results that were asked for.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet

    @property
    def is_live(self) -> bool:
        """Whether somebody watches standard error."""
        return not self.quiet and sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Say on standard error what goes on."""
        if not self.quiet:
            to_stderr(text)

    def show(self, text: str) -> None:
        """Print a summary on standard output, unless quiet."""
        if not self.quiet:
            typer.echo(text)


def duration(seconds: float) -> str:
    """Return a time as a person says it: "0.4 s", "42 s", "3 min", "1 h 20 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def table(rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """Align columns with two spaces between them.

    Args:
        rows: cells, all rows equally long; the first may be a heading.
        right: numbers of the columns that are aligned at the right.
    """
    lines = [tuple(row) for row in rows]
    widths = [max(len(row[i]) for row in lines) for i in range(len(lines[0]))]
    at_right = set(right)
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in at_right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in lines
    )


def size_bars(sizes: Sequence[tuple[str, int]]) -> str:
    """Draw the rows of each cluster as bars; of many clusters, the largest and the smallest.

    Args:
        sizes: name and number of rows of each cluster, at least one.
    """
    total = sum(size for _, size in sizes) or 1
    largest = max(size for _, size in sizes) or 1
    mark = "█" if _can_print("█") else "#"
    shown = list(sizes)
    left_out = ""
    if len(sizes) > MOST_BARS:
        shown = sorted(sizes, key=lambda item: -item[1])
        middle = shown[MOST_BARS - 4 : -3]
        left_out = f"... {len(middle)} more of {middle[-1][1]:,} to {middle[0][1]:,} rows"
        shown = shown[: MOST_BARS - 4] + shown[-3:]
    rows = [("cluster", "rows", "share", "")]
    rows += [
        (name, f"{size:,}", f"{100 * size / total:.1f} %", mark * round(BAR_WIDTH * size / largest))
        for name, size in shown
    ]
    lines = table(rows, right=(0, 1, 2)).split("\n")
    if left_out:
        lines.insert(1 + MOST_BARS - 4, left_out)
    return "\n".join(lines)


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
