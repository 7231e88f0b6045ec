"""Progress on standard error: a bar with the time left, or a line now and then in a log file."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .loop import Run

LINE_SECONDS = 15.0  # between two lines where there is no terminal
FIRST_LINE_SECONDS = 3.0

EpochNote = Callable[[dict[str, list[float]]], str]
"""Says in a few words, from the history, where a run stands; "" says nothing."""


class ProgressBar:
    """A listener that shows all runs of a fit as one; a context manager.

    Args:
        title: what is fitted.
        n_steps: steps of all planned runs together.
        shown: False shows nothing.
        note: what is shown of an epoch beside its objective.
    """

    def __init__(
        self, title: str, n_steps: int, *, shown: bool, note: EpochNote | None = None
    ) -> None:
        self._console = Console(stderr=True)
        self._shown = shown
        self._live = shown and self._console.is_terminal
        self._title, self._n_steps = title, n_steps
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=10),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[objective]}"),
            console=self._console,
            disable=not self._live,
        )
        self._task = self._bar.add_task(title, total=n_steps, objective="")
        self._started = self._line_due = 0.0
        self._note = note
        self._epoch = ""
        self.steps_before = 0

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def preparing(self, what: str) -> None:
        """Say what happens before the first step."""
        self._bar.update(self._task, description=what)
        self._started = time.monotonic()
        self._line_due = self._started + FIRST_LINE_SECONDS
        if self._shown and not self._live:
            self._console.print(f"{self._title}: {what} ...", highlight=False)

    def prepared(self, share: float) -> None:
        """Show which share of what precedes the first step is done, from 0 to 1."""
        if self._live:
            self._bar.update(self._task, completed=round(share * self._n_steps))
        elif self._shown and time.monotonic() >= self._line_due:
            self._print_line(f"preparing, {share:.0%} done", share)

    def training(self, n_steps: int | None = None) -> None:
        """Say that the steps begin; the time left counts from here.

        Args:
            n_steps: how many they are, where that was not known before.
        """
        self._n_steps = self._n_steps if n_steps is None else n_steps
        self._bar.reset(self._task, description=self._title, total=self._n_steps)
        self._started = time.monotonic()
        self._line_due = self._started + FIRST_LINE_SECONDS

    def on_step(self, run: Run) -> None:
        """Advance."""
        if not run.progress.history:
            self._epoch = ""  # that of a restart before
        done = self.steps_before + run.progress.step
        if self._live:
            self._bar.update(self._task, completed=done, objective=self._epoch)
        elif self._shown and time.monotonic() >= self._line_due:
            what = f"step {done} of {self._n_steps}"
            what = f"{what}, {self._epoch}" if self._epoch else what
            self._print_line(what, done / self._n_steps)

    def on_epoch(self, run: Run) -> None:
        """Show the epoch's mean objective and the note."""
        history = run.progress.history
        note = "" if self._note is None else self._note(history)
        self._epoch = f"objective {history['total'][-1]:.3f}" + (f", {note}" if note else "")
        self._bar.update(self._task, objective=self._epoch)  # no step follows the last epoch

    def _print_line(self, what: str, share: float) -> None:
        now = time.monotonic()
        self._line_due = now + LINE_SECONDS
        # A resumed run starts in the middle, so its first line may promise too little time.
        left = (now - self._started) * (1 - share) / max(share, 1e-9)
        self._console.print(f"{self._title}: {what}, about {left:.0f} s left", highlight=False)
