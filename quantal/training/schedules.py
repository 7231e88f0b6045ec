"""Learning-rate schedules: functions from the share of training that is done to a factor."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..errors import require_choice

Schedule = Callable[[float], float]


def constant(done: float) -> float:  # noqa: ARG001
    """Keep the learning rate, as the papers do."""
    return 1.0


def cosine(done: float) -> float:
    """Fall from 1 to 0 along half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def late_linear(done: float) -> float:
    """Stay at 1 for the first 70 percent, then fall linearly to 0.02.

    Accuracy climbs in jumps; lowering the step before the last jump freezes a run where it is.
    """
    return max(0.02, min(1.0, (1.0 - done) / 0.3))


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "cosine": cosine,
    "late_linear": late_linear,
}


def schedule_named(name: str) -> Schedule:
    """Return the schedule of that name, or raise ParameterError with the known ones."""
    require_choice("learning_rate_schedule", name, SCHEDULES)
    return SCHEDULES[name]


def stepped(n_steps: int, interval: int, factor: float = 0.1) -> Schedule:
    """Return a schedule that multiplies the learning rate by ``factor`` every so many steps.

    Args:
        n_steps: steps of the whole plan.
        interval: steps between two drops, >= 1.
        factor: of each drop.
    """
    return lambda done: factor ** (round(done * n_steps) // interval)
