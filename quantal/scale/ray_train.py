"""One fit by several processes on a Ray cluster: Ray Train starts them instead of torchrun."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from .. import errors
from ..errors import ParameterError, QuantalError, TrainingError, require_extra, require_range

MISTAKE = re.compile(r"^quantal\.errors\.(?P<name>\w+): (?P<text>.*)$")


def fit_on_ray(
    method: str,
    source: str | Path,
    out: str | Path,
    *,
    n_processes: int,
    use_gpu: bool = False,
    address: str | None = None,
    storage: str | Path | None = None,
    **parameters: Any,
) -> Any:
    """Fit a method by several processes that Ray Train starts, and save the model.

    The result is that of one process, or of torchrun, but for rounding.

    Args:
        method: name on the command line, such as "imsat", that several processes can fit.
        source: path or name of the data, which every machine of the cluster must see.
        out: folder for the model, on a file system that the cluster shares.
        n_processes: how many processes fit together, >= 1.
        use_gpu: give each process a GPU of its own.
        address: of a running cluster; None: start Ray here and stop it at the end.
        storage: folder for what Ray Train writes itself; None: a temporary one.
        parameters: of the method.

    Returns:
        The fitted estimator.

    Raises:
        MissingExtraError: Ray is not installed.
        ParameterError: The cluster cannot be reached, or a parameter is not allowed.
        QuantalError: What the fit raised.
        TrainingError: A process ended before the fit did.
    """
    from ..catalog import load
    from .ray_engine import cluster

    require_range("n_processes", n_processes, low=1, integer=True)
    _require_several(method, parameters)
    ray: Any = require_extra("ray", "scale")
    task = _task(method, source, out, parameters)
    if storage is not None and "://" not in str(storage):
        storage = Path(storage).absolute()
    with cluster(ray, address, n_processes), tempfile.TemporaryDirectory() as scratch:
        _run(task, n_processes, use_gpu=use_gpu, storage=str(storage or scratch))
    return load(out)


def _require_several(method: str, parameters: dict[str, Any]) -> None:
    """Raise ParameterError before anything is started for what no process would accept."""
    from ..catalog import METHODS, build

    build(method, **parameters)
    able = [name for name, cls in METHODS.items() if getattr(cls, "several_processes", False)]
    if method not in able:
        raise ParameterError(
            f"{method} is fitted by one process. Call its fit, or use a method that takes "
            f"several: {', '.join(able)}."
        )


def _task(
    method: str, source: str | Path, out: str | Path, parameters: dict[str, Any]
) -> dict[str, Any]:
    """Return what each process is told; paths in full, as Ray gives each a folder of its own."""
    if parameters.get("checkpoint") is not None:
        parameters = {**parameters, "checkpoint": str(Path(parameters["checkpoint"]).absolute())}
    if Path(source).exists():  # else the name of a data set
        source = Path(source).absolute()
    return {
        "method": method,
        "source": str(source),
        "parameters": parameters,
        "out": str(Path(out).resolve()),
    }


def _run(task: dict[str, Any], n_processes: int, *, use_gpu: bool, storage: str) -> None:
    """Let Ray Train run ``_fit_one`` in every process; raise what it raised."""
    torch_train: Any = require_extra("ray.train.torch", "scale")
    train: Any = require_extra("ray.train", "scale")
    trainer = torch_train.TorchTrainer(
        _fit_one,
        train_loop_config=task,
        scaling_config=train.ScalingConfig(num_workers=n_processes, use_gpu=use_gpu),
        run_config=train.RunConfig(storage_path=storage),
    )
    try:
        trainer.fit()
    except Exception as error:
        raise _explained(error) from None


def _explained(error: Exception) -> QuantalError:
    """Return quantal's own error out of Ray's, or one that says that a process ended.

    Ray hands over the traceback of each process as text.
    """
    said = [str(failure) for failure in getattr(error, "worker_failures", {}).values()]
    found = [match for text in said if (match := MISTAKE.search(_last_line(text)))]
    found.sort(key=lambda match: match["name"] == "LostProcessError")  # the others say why
    kind = getattr(errors, found[0]["name"], None) if found else None
    if isinstance(kind, type) and issubclass(kind, QuantalError):
        return kind(found[0]["text"])
    reason = " ".join(str(error).split())[:300]
    return TrainingError(
        f"A process of the fit ended ({reason}). Call again with the same parameters, "
        "checkpoint=FOLDER and resume=True, to go on from the last checkpoint."
    )


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def _fit_one(task: dict[str, Any]) -> None:
    """Fit in one of the processes; the first saves the model."""
    from ..catalog import build
    from ..features import open_features
    from ..training import joined

    with joined() as processes:
        dataset = open_features(task["source"])
        model = build(task["method"], **task["parameters"]).fit(dataset)
        if processes is None or processes.is_first:
            model.save(task["out"])
