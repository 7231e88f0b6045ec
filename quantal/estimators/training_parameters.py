"""The ranges of the parameters that all estimators with a network share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ParameterError, require_choice, require_range
from ..training import schedule_of
from ..training.batches import BATCHES


def require_training_parameters(model: Any) -> None:
    """Raise ParameterError for the first training parameter of ``model`` out of its range."""
    require_range("learning_rate", model.learning_rate, low=0, low_open=True)
    require_range("weight_decay", model.weight_decay, low=0)
    if model.patience is not None:
        require_range("patience", model.patience, low=1, integer=True)
    schedule_of(model.learning_rate_schedule, 1, 1)
    require_choice("batches", model.batches, BATCHES)
    if not _is_flag(model.epsilon_hat):
        raise ParameterError(f"epsilon_hat must be True or False, got {model.epsilon_hat!r}.")
    require_run_parameters(model)


def require_run_parameters(model: Any) -> None:
    """Raise ParameterError for the first setting out of its range of how a fit is kept and shown.

    Args:
        model: has checkpoint, checkpoint_every, resume and verbose.
    """
    require_range("checkpoint_every", model.checkpoint_every, low=0)
    require_range(
        "verbose", int(model.verbose) if _is_flag(model.verbose) else model.verbose, low=0
    )
    _require_checkpoint(model.checkpoint, model.resume)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _require_checkpoint(checkpoint: Any, resume: Any) -> None:
    if checkpoint is not None and not isinstance(checkpoint, str | Path):
        raise ParameterError(f"checkpoint must be a folder's path or None, got {checkpoint!r}.")
    if not _is_flag(resume):
        raise ParameterError(f"resume must be True or False, got {resume!r}.")
    if resume and checkpoint is None:
        raise ParameterError(
            "resume=True needs the folder with the checkpoints; pass checkpoint=FOLDER."
        )
