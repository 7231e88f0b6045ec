"""What a fit adds where several processes share it, and where its state is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import ParameterError
from ..training import Checkpoints, Plan, Processes, current
from ..training.checkpoint import fingerprint
from ..training.randomness import seed_from

SILENT = frozenset({"checkpoint", "checkpoint_every", "resume", "verbose", "random_state"})


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
    return Checkpoints(Path(model.checkpoint), owner, model.checkpoint_every)
