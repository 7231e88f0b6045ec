"""Learning-rate schedules: functions from the share of training that is done to a factor."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..errors import ParameterError, require_choice, require_range

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
STEPPED = "stepped"


def schedule_of(value: Any, steps_per_epoch: int, n_epochs: int) -> Schedule:
    """Return the schedule that an estimator's ``learning_rate_schedule`` asks for.

    Args:
        value: a name, or ("stepped", epochs, factor): times ``factor`` after every so many epochs.
        steps_per_epoch: of the plan.
        n_epochs: of the plan.

    Raises:
        ParameterError: Not of that form.
    """
    if isinstance(value, str) and not value.startswith(STEPPED):
        require_choice("learning_rate_schedule", value, SCHEDULES)
        return SCHEDULES[value]
    if not isinstance(value, list | tuple) or len(value) != 3 or value[0] != STEPPED:
        raise ParameterError(
            f"learning_rate_schedule must be one of {', '.join(map(repr, SCHEDULES))} or "
            f"('stepped', epochs, factor), such as ('stepped', 100, 0.5), got {value!r}."
        )
    _, interval, factor = value
    require_range("epochs in learning_rate_schedule", interval, low=1, integer=True)
    require_range("factor in learning_rate_schedule", factor, low=0, high=1, low_open=True)
    return stepped(steps_per_epoch * n_epochs, steps_per_epoch * int(interval), float(factor))


def stepped(n_steps: int, interval: int, factor: float = 0.1) -> Schedule:
    """Return a schedule that multiplies the learning rate by ``factor`` every so many steps.

    Args:
        n_steps: steps of the whole plan.
        interval: steps between two drops, >= 1.
        factor: of each drop.
    """
    return lambda done: factor ** (round(done * n_steps) // interval)
