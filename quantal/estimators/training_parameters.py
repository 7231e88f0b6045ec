"""The ranges of the parameters that all estimators with a network share."""

from __future__ import annotations

from typing import Any

from ..errors import require_range
from ..training import schedule_named


def require_training_parameters(model: Any) -> None:
    """Raise ParameterError for the first training parameter of ``model`` out of its range."""
    require_range("learning_rate", model.learning_rate, low=0, low_open=True)
    require_range("weight_decay", model.weight_decay, low=0)
    require_range("checkpoint_every", model.checkpoint_every, low=0)
    if model.patience is not None:
        require_range("patience", model.patience, low=1, integer=True)
    schedule_named(model.learning_rate_schedule)
