"""Runs of one fit, one after the other, whose checkpoints lead back to the run they were in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..errors import FileFormatError
from .attempts import train_or_keep
from .checkpoint import Checkpoints, restore_run
from .loop import Listener, Run, Step
from .plan import Plan
from .progress_bar import ProgressBar


class RunSequence:
    """Trains in stages: each is a `Run` of its own over the same network or a part of it.

    A checkpoint holds the state of the run that it was written in, what lies behind it, and the
    tensors that the stage was given. A resumed sequence begins at that stage: whoever drives it
    asks ``number`` which one that is, and `kept` for the tensors.

    Args:
        bar: hears of every step.
        checkpoints: where state is kept, or None.
        resume: go on from the newest checkpoint, if there is one.

    Attributes:
        number: Stages behind.
        steps: Steps behind, of all stages.
        history: Mean of each named term in every epoch of every stage, without the totals.

    Raises:
        ParameterError: The folder holds checkpoints and ``resume`` is false, or they are another
            fit's.
        FileFormatError: A checkpoint is damaged.
    """

    def __init__(self, bar: ProgressBar, checkpoints: Checkpoints | None, *, resume: bool) -> None:
        self._bar, self._checkpoints = bar, checkpoints
        self.number = 0
        self.steps = 0
        self.history: dict[str, list[float]] = {}
        self._saved: tuple[dict[str, Tensor], dict[str, Any]] | None = None
        if checkpoints is not None and resume:
            self._saved = checkpoints.latest()
        elif checkpoints is not None:
            checkpoints.require_empty()
        if self._saved is not None:
            self._take_over(self._saved[1])

    def kept(self, name: str) -> Tensor | None:
        """Return a tensor of the checkpoint that the next stage starts from; None without one."""
        return None if self._saved is None else self._saved[0].get(name)

    def train(
        self,
        network: torch.nn.Module,
        step: Step,
        plan: Plan,
        generator: torch.Generator,
        *,
        tensors: Mapping[str, Tensor] | None = None,
    ) -> Run:
        """Run one stage to its end, with an optimiser of its own, and return the finished run.

        Args:
            network: what is trained. Parameters that the step's total does not reach stay as they
                are, and are part of the checkpoints.
            step: see `Step`.
            plan: see `Plan`.
            generator: the one that ``step`` draws from.
            tensors: kept in the checkpoints of this stage, for `kept`.
        """
        listeners: list[Listener] = [self._bar]
        self._bar.steps_before = self.steps
        if self._checkpoints is not None:
            listeners.append(self._checkpoints)
            self._checkpoints.steps_before = self.steps
            self._checkpoints.extra_state = {
                "stage": self.number,
                "steps": self.steps,
                "history": {name: list(values) for name, values in self.history.items()},
            }
            self._checkpoints.extra_tensors = dict(tensors or {})
        run = Run(network, step, plan, generator, listeners)
        if self._saved is not None:
            restore_run(run, self._saved[0], self._saved[1]["progress"])
            self._saved = None
        train_or_keep(run, self._checkpoints)
        self.number += 1
        self.steps += plan.n_steps
        for name, values in run.progress.history.items():
            if name != "total":
                self.history.setdefault(name, []).extend(values)
        return run

    def _take_over(self, state: dict[str, Any]) -> None:
        """Continue from a checkpoint's stage and history."""
        try:
            extra = state["extra"]
            self.number, self.steps = int(extra["stage"]), int(extra["steps"])
            self.history = {name: list(values) for name, values in extra["history"].items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise FileFormatError(
                "The checkpoint is not one of a fit in stages. Delete it to start afresh."
            ) from None
