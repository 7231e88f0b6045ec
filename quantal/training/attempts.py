"""Several runs of one fit: restarts, of which the best is kept, in rungs of a penalty ladder.

Attempt number ``a`` is restart ``a % n_restarts`` of rung ``a // n_restarts``. The best restart of
a rung is judged by its objective; the first acceptable rung ends the fit. Everything needed to go
on after a kill (the number of the attempt, the best one so far) travels in the checkpoints.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import LostProcessError, NonFiniteLossError
from .checkpoint import Checkpoints, clone_tensors, restore_run
from .distributed import Processes
from .loop import Listener, Progress, Run
from .progress_bar import ProgressBar

BEST = "best."


@dataclass
class Outcome:
    """The attempt that was kept.

    Attributes:
        number: Which attempt it was.
        objective: Its value; lower is better.
        progress: Its history.
        tensors: Its parameters and buffers.
    """

    number: int
    objective: float
    progress: dict[str, Any]
    tensors: dict[str, Tensor]


@dataclass(frozen=True)
class Attempts:
    """What to try.

    Attributes:
        build: Makes the run of an attempt number with the given listeners; told whether it is to
            begin, or to take over the state of a checkpoint.
        judge: Value of a finished run, without labels; lower is better.
        accept: Tells whether the best network of a rung ends the fit; given the rung's outcome.
        n_restarts: Runs in a rung.
        n_rungs: Most rungs.
        extra_steps: Steps that ``build`` takes for an attempt beside those of its run.
    """

    build: Callable[[int, list[Listener], bool], Run]
    judge: Callable[[Run], float]
    accept: Callable[[Outcome], bool]
    n_restarts: int = 1
    n_rungs: int = 1
    extra_steps: int = 0


def train_best(
    attempts: Attempts,
    bar: ProgressBar,
    checkpoints: Checkpoints | None,
    *,
    resume: bool,
    processes: Processes | None = None,
) -> Outcome:
    """Run the attempts and return the best of the last rung tried.

    Args:
        attempts: what to try.
        bar: hears of every step.
        checkpoints: where state is kept, or None; of several processes only the first has one.
        resume: start from the newest checkpoint if there is one.
        processes: those that run the attempts together, and take the first one's word for which
            is best.
    """
    listeners: list[Listener] = [bar] if checkpoints is None else [bar, checkpoints]
    number, best = 0, None
    saved = _saved(checkpoints, resume, processes)
    if saved is not None:
        number, best = _stored_best(*saved)
    while True:
        run = attempts.build(number, listeners, saved is None)
        if saved is not None:
            restore_run(run, saved[0], saved[1]["progress"])
            saved = None
        _announce(number, best, run, checkpoints)
        bar.steps_before = number * run.plan.n_steps + (number + 1) * attempts.extra_steps
        train_or_keep(run, checkpoints)
        objective = attempts.judge(run)
        _require_finite(objective, run)
        if processes is not None:
            objective = processes.agreed(float(objective))
        if best is None or objective < best.objective:
            best = Outcome(number, objective, vars(run.progress), clone_tensors(run.network))
        number += 1
        rung, restart = divmod(number, attempts.n_restarts)
        if restart == 0:
            accepted = attempts.accept(best)
            if processes is not None:
                accepted = processes.agreed(bool(accepted))
            if accepted or rung == attempts.n_rungs:
                return best
            best = None  # a new rung has another objective, so its values are not comparable


def _require_finite(objective: float, run: Run) -> None:
    """Raise NonFiniteLossError for a run that its last step broke: no loss comes after it."""
    if not math.isfinite(objective):
        raise NonFiniteLossError(
            f"The objective of all rows is {objective} after {run.plan.n_steps} steps. Lower "
            f"learning_rate ({run.plan.learning_rate:g}), or use precision='float32'."
        )


def _saved(
    checkpoints: Checkpoints | None, resume: bool, processes: Processes | None
) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return the state to start from, or None to start afresh."""

    def find() -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        if checkpoints is None:
            return None
        if resume:
            return checkpoints.latest()
        checkpoints.require_empty()
        return None

    return find() if processes is None else processes.from_first(find)


def train_or_keep(run: Run, checkpoints: Checkpoints | None) -> None:
    """Train; on Ctrl-C, or when another process ends, keep what was reached in a checkpoint."""
    try:
        run.train()
    except (KeyboardInterrupt, LostProcessError):
        # Between a step's sums and its counter the state is not one; the older one stays then.
        if checkpoints is not None and run.between_steps:
            checkpoints.write(run)
        raise


def _announce(
    number: int,
    best: Outcome | None,
    run: Run,
    checkpoints: Checkpoints | None,
) -> None:
    """Tell the checkpoints what lies behind this run."""
    if checkpoints is None:
        return
    checkpoints.steps_before = number * run.plan.n_steps
    checkpoints.extra_state = {"attempt": number}
    checkpoints.extra_tensors = {}
    if best is not None:
        kept = {k: v for k, v in vars(best).items() if k != "tensors"}
        checkpoints.extra_state["best"] = kept
        checkpoints.extra_tensors = {BEST + k: v for k, v in best.tensors.items()}


def _stored_best(tensors: dict[str, Tensor], state: dict[str, Any]) -> tuple[int, Outcome | None]:
    extra = state["extra"]
    if "best" not in extra:
        return extra["attempt"], None
    weights = {k.removeprefix(BEST): v for k, v in tensors.items() if k.startswith(BEST)}
    return extra["attempt"], Outcome(**extra["best"], tensors=weights)


def load_outcome(network: torch.nn.Module, outcome: Outcome) -> Progress:
    """Put the kept parameters into ``network`` and return their run's progress."""
    network.load_state_dict(outcome.tensors)
    return Progress(**outcome.progress)
