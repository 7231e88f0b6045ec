"""What a fit adds where several processes share it, and where its state is kept."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch

from ..errors import FileFormatError, ParameterError
from ..objectives.bit_gradients import ESTIMATORS
from ..training import Checkpoints, Plan, Processes, current, resolve_device
from ..training.checkpoint import choices_in, fingerprint
from ..training.randomness import seed_from

SILENT = frozenset({"checkpoint", "checkpoint_every", "resume", "verbose", "random_state"})
CHOSEN = {  # what "auto" of these stands for depends on the machine, if only on its rounding
    "device": ("cpu", "cuda"),
    "precision": ("float32", "bfloat16"),
    "estimator": ESTIMATORS,
}


def processes_for(model: Any) -> Processes | None:
    """Return the processes that fit ``model`` together, or None.

    Raises:
        ParameterError: There are several, and the method works in one only.
    """
    processes = current()
    if processes is not None and not model.several_processes:
        raise ParameterError(
            f"{type(model).__name__} is fitted by one process, and {processes.count} were started. "
            "Run it without torchrun. IMSAT, IMSATHash, RIM, RIMHash, IIC and SGH take several."
        )
    return processes


def shown_here() -> bool:
    """Tell whether this process shows progress and gives warnings."""
    processes = current()
    return processes is None or processes.is_first


def agreed_seed(random_state: Any) -> int:
    """Return the seed of a fit, the same in every process.

    Args:
        random_state: as scikit-learn takes it.
    """
    processes = current()
    seed = seed_from(random_state)
    return seed if processes is None else int(processes.agreed(seed))


def require_joint(processes: Processes | None, plan: Plan, identity: dict[str, Any]) -> None:
    """Raise unless the processes can share every batch, and learn from the same rows.

    Args:
        processes: those of the fit, or None.
        plan: of a run.
        identity: describes the data, as JSON can hold it.

    Raises:
        ParameterError: Fewer rows in a batch than processes.
        DataError: The processes have read different rows.
    """
    if processes is None:
        return
    size = min(plan.batch_size, plan.n_rows)
    if size < processes.count:
        raise ParameterError(
            f"batch_size={size} leaves some of {processes.count} processes without a row. Raise "
            "batch_size, or start fewer processes."
        )
    processes.require_same("data", identity)


def checkpoints_of(model: Any, seed: int, identity: dict[str, Any]) -> Checkpoints | None:
    """Return where the state of a fit is kept; None where nothing is, or another process does it.

    Args:
        model: the estimator.
        seed: of the fit.
        identity: describes the data, so that a checkpoint of other data is not taken up.
    """
    if model.checkpoint is None or not shown_here():
        return None
    settings = {k: v for k, v in model.get_params().items() if k not in SILENT}
    seeded = seed if model.random_state is not None else None
    owner = fingerprint({**settings, "seed": seeded, **identity})
    choices = partial(choices_of, model)
    return Checkpoints(Path(model.checkpoint), owner, model.checkpoint_every, choices)


def choices_of(model: Any) -> dict[str, str]:
    """Return what each "auto" that depends on the machine stands for in a fit under way."""
    chosen = {
        "device": model._device.type,
        "precision": "bfloat16" if model._dtype is torch.bfloat16 else "float32",
        "estimator": getattr(model, "estimator_", None),
    }
    return {name: value for name, value in chosen.items() if _is_auto(model, name)}


def begun_with(model: Any) -> dict[str, str]:
    """Return the values of "auto" that a resumed fit was begun with; {} for another fit.

    Args:
        model: the estimator, before its fit.

    Raises:
        ParameterError: This machine lacks the device.
        FileFormatError: The checkpoint is damaged.
    """
    if model.checkpoint is None or not model.resume:
        return {}
    folder = Path(model.checkpoint)
    processes = current() if getattr(model, "several_processes", False) else None
    if processes is None:
        found = choices_in(folder)
    else:
        _, found = processes.from_first(lambda: ({}, choices_in(folder))) or ({}, {})
    if not all(found.get(name, allowed[0]) in allowed for name, allowed in CHOSEN.items()):
        raise FileFormatError(f"{folder} holds a damaged checkpoint: {found}. Delete it.")
    kept = {name: found[name] for name in CHOSEN if name in found and _is_auto(model, name)}
    if "device" in kept:
        _require_device(kept["device"], folder)
    return kept


def _require_device(device: str, folder: Path) -> None:
    try:
        resolve_device(device)
    except ParameterError:
        raise ParameterError(
            f"{folder} holds a checkpoint of a fit that began on {device!r}, which this machine "
            "does not have. Resume it where there is one, or name an empty checkpoint folder."
        ) from None


def _is_auto(model: Any, name: str) -> bool:
    value = getattr(model, name, None)
    return isinstance(value, str) and value == "auto"
