"""Progress on the terminal: a bar, the time left and the newest terms, from the first seconds."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .loop import Run


class ProgressBar:
    """A listener that draws one bar over all runs of a fit; a context manager.

    Args:
        title: what is fitted.
        n_steps: steps of all planned runs together.
        shown: False draws nothing.
    """

    def __init__(self, title: str, n_steps: int, *, shown: bool) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} steps"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[terms]}"),
            console=Console(stderr=True),
            disable=not shown,
        )
        self._task = self._bar.add_task(title, total=n_steps, terms="")
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

    def on_step(self, run: Run) -> None:
        """Advance the bar."""
        self._bar.update(self._task, completed=self.steps_before + run.progress.step)

    def on_epoch(self, run: Run) -> None:
        """Show the epoch's mean terms."""
        means = {name: values[-1] for name, values in run.progress.history.items()}
        terms = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        self._bar.update(self._task, terms=terms)
