"""The training loop. It knows no method: a step maps row numbers to named loss terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from ..errors import LostProcessError, NonFiniteLossError
from . import underflow
from .batches import epoch_order
from .distributed import Processes, shared_statistics
from .optimizer import optimizer_of, set_rates
from .plan import Plan
from .precision import float32_sums

Step = Callable[[Tensor], dict[str, Tensor]]
"""Maps row numbers, shape (b,), to scalars; the one named "total" is minimised."""


@dataclass(frozen=True)
class PassStep:
    """A step that also depends on the pass over the data that it belongs to.

    Attributes:
        of_pass: Maps row numbers and the number of the pass, from 0, to scalars as `Step` does.
        counts: Whether the total of a pass, by its number, is one that `Plan.patience` compares.
    """

    of_pass: Callable[[Tensor, int], dict[str, Tensor]]
    counts: Callable[[int], bool] = lambda number: True  # noqa: ARG005


@dataclass
class Progress:
    """Where a run stands: everything but tensors that a resumed run needs.

    Attributes:
        step: Steps done in all.
        sums: Sums of the named terms over the current epoch's steps.
        history: Mean of each named term in every finished epoch.
        best: Lowest epoch mean of the total so far.
        stale_epochs: Epochs since it was lowest.
        stopped: True once early stopping ended the run.
    """

    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
    best: float = math.inf
    stale_epochs: int = 0
    stopped: bool = False


class Listener(Protocol):
    """Hears of every step and epoch; progress bars and checkpoints are listeners."""

    def on_step(self, run: Run) -> None:
        """Act after a step."""

    def on_epoch(self, run: Run) -> None:
        """Act after an epoch."""


class Run:
    """One minimisation of ``step`` over the parameters of ``network``.

    Args:
        network: the module whose parameters are trained; its buffers belong to the state too.
        step: see `Step` and `PassStep`.
        plan: see `Plan`.
        generator: the generator that ``step`` draws from; its state is part of a checkpoint.
        listeners: told of each step and epoch, in order.
        processes: those that take every step together, each with its share of the rows; ``step``
            gets the whole batch's numbers all the same. None: this one alone.
        passes_before: passes over the data behind this run, which a `PassStep` counts on from.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        step: Step | PassStep,
        plan: Plan,
        generator: torch.Generator,
        listeners: Sequence[Listener] = (),
        processes: Processes | None = None,
        passes_before: int = 0,
    ) -> None:
        self.network = network
        self.plan = plan
        self.generator = generator
        self.optimizer = optimizer_of(network.parameters(), plan)
        self.progress = Progress()
        self.between_steps = True
        self._step = step
        self.listeners = listeners
        self.processes = processes
        self.passes_before = passes_before

    def train(self, until: int | None = None) -> Progress:
        """Run from where ``progress`` stands to the end of the plan.

        Args:
            until: stop after so many steps in all; another call goes on from there.

        Raises:
            NonFiniteLossError: A term became nan or infinite; names the step and the term. The
                parameters are those before that step.
            LostProcessError: One of the processes ended.
        """
        first = next(self.network.parameters(), torch.empty(0))
        with float32_sums(first.device):
            if self.processes is None:
                return self._train(until)
            self.processes.start_alike(self.network)
            size = min(self.plan.batch_size, self.plan.n_rows)
            with shared_statistics(self.network, self.processes.share(size)):
                return self._train(until)

    def _train(self, until: int | None) -> Progress:
        per_epoch = self.plan.steps_per_epoch
        end = self.plan.n_steps if until is None else min(until, self.plan.n_steps)
        while not self.progress.stopped:
            epoch, first = divmod(self.progress.step, per_epoch)
            left = end - self.progress.step
            if self.progress.sums and (first == 0 or left <= 0):
                # Also where a resumed run stood after an epoch's last step.
                self._end_epoch(first or per_epoch)
                continue
            if left <= 0:
                break
            plan = self.plan
            order = epoch_order(
                plan.n_rows, plan.batch_size, plan.seed, epoch, plan.batches, plan.groups
            )
            for rows in order[first : first + left]:
                self._take_step(rows) if self.processes is None else self._step_or_undo(rows)
                for listener in self.listeners:
                    listener.on_step(self)
        return self.progress

    def _step_or_undo(self, rows: Tensor) -> None:
        """Take a step; undo what a step changes on its way if another process ends meanwhile."""
        drawn = self.generator.get_state()
        buffers = [buffer.clone() for buffer in self.network.buffers()]
        try:
            self._take_step(rows)
        except LostProcessError:
            self.generator.set_state(drawn)
            for buffer, before in zip(self.network.buffers(), buffers, strict=True):
                buffer.copy_(before)
            self.between_steps = True
            raise

    def _take_step(self, rows: Tensor) -> None:
        self.between_steps = False
        set_rates(self.optimizer, self.plan, self.progress.step / self.plan.n_steps)
        if isinstance(self._step, PassStep):
            terms = self._step.of_pass(rows, self._pass_of(self.progress.step))
        else:
            terms = self._step(rows)
        values = torch.stack([value.detach() for value in terms.values()]).tolist()
        named = dict(zip(terms, values, strict=True))
        self._require_finite(named)
        self.optimizer.zero_grad(set_to_none=True)
        terms["total"].backward()  # type: ignore[no-untyped-call]
        if self.processes is not None:
            self.processes.sum_gradients(self.network.parameters())
        self.optimizer.step()
        sums = self.progress.sums
        self.progress.sums = {name: sums.get(name, 0.0) + value for name, value in named.items()}
        self.progress.step += 1
        if self.progress.step % underflow.EVERY == 0:
            underflow.drop_negligible(self.optimizer)
        self.between_steps = True

    def _pass_of(self, step: int) -> int:
        return self.passes_before + step // self.plan.steps_per_epoch

    def _require_finite(self, named: dict[str, float]) -> None:
        # The total is named last: it is broken whenever one of its terms is.
        for name in sorted(named, key=lambda term: term == "total"):
            if not math.isfinite(named[name]):
                raise NonFiniteLossError(
                    f"The term {name!r} became {named[name]} at step {self.progress.step + 1} of "
                    f"{self.plan.n_steps}. Lower learning_rate ({self.plan.learning_rate:g}) or "
                    "the perturbation radius, or use precision='float32'; the last checkpoint "
                    "is kept."
                )

    def _end_epoch(self, n_steps: int) -> None:
        progress = self.progress
        self.between_steps = False
        for name, value in progress.sums.items():
            progress.history.setdefault(name, []).append(value / n_steps)
        progress.sums = {}
        if not isinstance(self._step, PassStep) or self._step.counts(
            self._pass_of(progress.step - 1)
        ):
            total = progress.history["total"][-1]
            improved = total < progress.best
            progress.best = min(progress.best, total)
            progress.stale_epochs = 0 if improved else progress.stale_epochs + 1
        if self.plan.patience is not None and progress.stale_epochs >= self.plan.patience:
            progress.stopped = True
        self.between_steps = True
        for listener in self.listeners:
            listener.on_epoch(self)
