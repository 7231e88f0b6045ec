"""``quantal fit``: cluster the rows of a source, save the model."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError, QuantalError
from .fit_options import (
    CheckpointEvery,
    CheckpointFolder,
    Clusters,
    Data,
    Device,
    Labels,
    Method,
    Out,
    Precision,
    Resume,
    Seed,
    Settings,
)
from .interruption import Interrupted
from .output_paths import require_label_target, require_model_target, require_writable_parent
from .predict import Quiet
from .reading import given_options, read_rows, reads_data, require_source
from .setting_values import parse_settings
from .terminal import Terminal, duration, size_bars

if TYPE_CHECKING:
    from ..data import Dataset

OPTIONS = {
    "n_clusters": "--clusters",
    "random_state": "--seed",
    "device": "--device",
    "precision": "--precision",
    "checkpoint": "--checkpoint",
    "checkpoint_every": "--checkpoint-every",
    "resume": "--resume",
    "verbose": "--quiet",
}


@reads_data(fitting=True)
def fit(
    data: Data,
    clusters: Clusters = None,
    out: Out = None,
    method: Method = "imsat",
    labels: Labels = None,
    settings: Settings = None,
    seed: Seed = 0,
    resume: Resume = False,
    checkpoint_every: CheckpointEvery = 5.0,
    checkpoint: CheckpointFolder = None,
    device: Device = "auto",
    precision: Precision = "auto",
    quiet: Quiet = False,
    **reading: Any,
) -> None:
    """Cluster DATA and save the fitted model.

    [bold]Examples[/bold]

    quantal fit name:digits --clusters 10 --out model --labels labels.parquet

    quantal fit photos/ --image-size 32 --clusters 20 --out photos-model

    quantal fit cells.parquet --drop donor --clusters 8 --out cells-model --set scaling=columns

    quantal fit posts.jsonl.gz --clusters 20 --out posts-model --method rim
    """
    terminal = Terminal(quiet=quiet)
    if clusters is None:
        raise ParameterError(
            "--clusters is missing. Say how many clusters to make, for example --clusters 10: "
            "quantal learns without labels, so it never counts their classes for you."
        )
    if out is None:
        raise ParameterError("--out is missing. Name a folder for the model, e.g. --out model.")
    folder = checkpoint or out.with_name(out.name + ".checkpoints")
    parameters = {
        **parse_settings(settings or (), OPTIONS),
        "n_clusters": clusters,
        "random_state": seed,
        "device": device,
        "precision": precision,
        "checkpoint": str(folder),
        "checkpoint_every": checkpoint_every,
        "resume": resume,
        "verbose": 0 if quiet else 1,
    }
    require_model_target(out)
    require_writable_parent(folder, "--checkpoint")
    if labels is not None:
        require_label_target(labels, "--labels", (data,))
    _require_no_unfinished_run(folder, resume=resume)
    require_source(data)
    from ..catalog import build

    estimator = build(method, **parameters)
    dataset = read_rows(data, given_options(reading), terminal)
    seconds = _train(estimator, dataset, folder, terminal)
    _save(estimator, dataset, out, labels, terminal)
    _summarise(estimator, dataset, seconds, terminal)
    terminal.show(f"\nmodel: {out}" + (f"\nlabels: {labels}" if labels else ""))
    terminal.show(f"label new data with: quantal predict {out} NEW_DATA --out labels.parquet")


def _require_no_unfinished_run(folder: Path, *, resume: bool) -> None:
    if not resume and has_checkpoint(folder):
        raise ParameterError(
            f"{folder} holds the checkpoint of an unfinished run. Add --resume to go on with it, "
            "or delete that folder to start afresh."
        )


def has_checkpoint(folder: Path) -> bool:
    """Tell whether a folder holds a checkpoint to resume from."""
    return any(folder.glob("step-*/state.json"))


def _train(estimator: Any, dataset: Dataset, folder: Path, terminal: Terminal) -> float:
    """Fit; return the seconds it took."""
    from .neighbor_search import announce

    began = time.monotonic()
    terminal.say(
        f"fitting {type(estimator).__name__} with {estimator.n_clusters} clusters, "
        f"seed {estimator.random_state}"
    )
    announce(estimator, dataset, terminal)
    made = [folder, *(parent for parent in folder.parents if not parent.exists())]
    try:
        estimator.fit(dataset.x)
    except KeyboardInterrupt:
        raise Interrupted(_how_to_go_on(folder)) from None
    finally:
        with contextlib.suppress(OSError):  # a folder that is not empty stays
            for path in made:
                path.rmdir()
    return time.monotonic() - began


def _how_to_go_on(folder: Path) -> str:
    if has_checkpoint(folder):
        return "run the same command with --resume to go on from the last checkpoint."
    return "no checkpoint was due yet (see --checkpoint-every), so a new run starts afresh."


def _save(
    estimator: Any, dataset: Dataset, out: Path, labels: Path | None, terminal: Terminal
) -> None:
    from .assignment import write_labels

    estimator.reader_ = dataset.reader
    estimator.set_params(checkpoint=None, resume=False, verbose=0)  # matters of this run only
    try:
        estimator.save(out)
    except (OSError, QuantalError) as error:
        raise ParameterError(_rescued(estimator, out, error)) from None
    if labels is not None:
        write_labels(estimator, dataset, labels, terminal)


def _rescued(estimator: Any, out: Path, error: Exception) -> str:
    """Save the model elsewhere, for it may have taken hours; return what to say."""
    place = Path(tempfile.mkdtemp(prefix="quantal-")) / out.name
    try:
        estimator.save(place)
    except (OSError, QuantalError):
        place.parent.rmdir()
        return (
            f"{out} could not be written ({error}), nor could a temporary folder. Free some space."
        )
    return f"{out} could not be written ({error}). The model is in {place}: move it from there."


def _summarise(estimator: Any, dataset: Dataset, seconds: float, terminal: Terminal) -> None:
    terminal.show(
        f"{dataset.name}: {len(dataset):,} rows of {dataset.n_features:,} columns in "
        f"{estimator.n_clusters} clusters, {duration(seconds)}, objective "
        f"{estimator.objective_:.4f} nats (lower is better)\n"
    )
    sizes = estimator.cluster_sizes_.tolist()
    terminal.show(size_bars([(str(i), size) for i, size in enumerate(sizes)]))
