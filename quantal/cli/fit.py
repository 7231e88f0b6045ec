"""``quantal fit``: learn clusters or hash codes of the rows of a source, save the model."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError
from .fit_options import (
    Bits,
    CheckpointEvery,
    CheckpointFolder,
    Clusters,
    Data,
    Device,
    Labels,
    Method,
    Out,
    Pairs,
    Precision,
    Resume,
    Seed,
    Settings,
)
from .fit_summary import summarise_clusters, summarise_codes
from .fitted_models import makes_codes
from .interruption import Interrupted
from .method_options import method_parameters, require_takes_pairs, takes
from .model_saving import save_model
from .output_paths import require_label_target, require_model_target, require_writable_parent
from .pair_files import read_pair_file, row_pairs
from .predict import Quiet
from .reading import given_options, read_rows, reads_data, require_source
from .terminal import Terminal
from .together import Stopped, by_first, process_rank, together

if TYPE_CHECKING:
    from ..data import Dataset
    from ..training import Processes


@reads_data(fitting=True)
def fit(
    data: Data,
    clusters: Clusters = None,
    bits: Bits = None,
    out: Out = None,
    method: Method = None,
    labels: Labels = None,
    pairs: Pairs = None,
    settings: Settings = None,
    seed: Seed = 0,
    resume: Resume = False,
    checkpoint_every: CheckpointEvery = None,
    checkpoint: CheckpointFolder = None,
    device: Device = None,
    precision: Precision = None,
    quiet: Quiet = False,
    **reading: Any,
) -> None:
    """Learn clusters or hash codes of DATA and save the fitted model.

    [bold]Examples[/bold]

    quantal fit name:digits --clusters 10 --out model --labels labels.parquet

    quantal fit photos/ --image-size 32 --clusters 20 --out photos-model

    quantal fit cells.parquet --drop donor --clusters 8 --out cells-model --set scaling=columns

    quantal fit posts.jsonl.gz --clusters 20 --out posts-model --method rim

    quantal fit vectors.npy --method itq --bits 64 --out codes-model

    quantal fit photos/ --image-size 32 --features gist --bits 64 --out photo-codes

    quantal fit vectors.npy --method sgh --bits 64 --pairs pairs.csv --out taught-model
    """
    quiet = quiet or process_rank() > 0
    terminal = Terminal(quiet=quiet)
    if out is None:
        raise ParameterError("--out is missing. Name a folder for the model, e.g. --out model.")
    typed = {
        "n_clusters": clusters,
        "n_bits": bits,
        "random_state": seed,
        "device": device,
        "precision": precision,
        "checkpoint": None if checkpoint is None else str(checkpoint),
        "checkpoint_every": checkpoint_every,
        "resume": resume or None,
    }
    method = method or ("imsat" if bits is None else "itq")
    parameters = method_parameters(method, typed, settings or ())
    folder = None
    if takes(method, "checkpoint"):
        folder = checkpoint or out.with_name(out.name + ".checkpoints")
        parameters |= {"checkpoint": str(folder), "verbose": 0 if quiet else 1}
    from ..catalog import build

    with together(method) as processes:
        by_first(processes, lambda: _require_targets(method, out, labels, folder, data, resume))
        require_source(data)
        if pairs is not None:
            require_takes_pairs(method)
            columns = read_pair_file(pairs)
        estimator = build(method, **parameters)
        dataset = _read(data, given_options(reading), terminal, processes)
        known = {} if pairs is None else {"pairs": row_pairs(columns, dataset.ids, str(pairs))}
        seconds = _train(estimator, dataset, known, folder, terminal)

        def finish() -> None:
            save_model(estimator, dataset, out, seconds)
            _finish(estimator, dataset, seconds, out, labels, terminal)

        by_first(processes, finish)


def _read(
    data: str, options: dict[str, Any], terminal: Terminal, processes: Processes | None
) -> Dataset:
    """Read the rows; a named set, which may have to be fetched, in the first process first."""
    if processes is not None and data.startswith("name:"):
        by_first(processes, lambda: read_rows(data, options, Terminal(quiet=True)))
    return read_rows(data, options, terminal)


def _require_targets(
    method: str, out: Path, labels: Path | None, folder: Path | None, data: str, resume: bool
) -> None:
    """Raise ParameterError unless everything that the fit leaves can be written."""
    require_model_target(out)
    if folder is not None and not resume and has_checkpoint(folder):
        raise ParameterError(
            f"{folder} holds the checkpoint of an unfinished run. Add --resume to go on with it, "
            "or delete that folder to start afresh."
        )
    if folder is not None:
        require_writable_parent(folder, "--checkpoint")
    if labels is None:
        return
    if takes(method, "n_bits"):
        raise ParameterError(
            f"{method} makes hash codes, so there are no --labels to write. Leave it out; "
            f"afterwards: quantal encode {out} {data} --out codes.npy"
        )
    require_label_target(labels, "--labels", (data,))


def has_checkpoint(folder: Path) -> bool:
    """Tell whether a folder holds a checkpoint to resume from."""
    return any(folder.glob("step-*/state.json"))


def _train(
    estimator: Any,
    dataset: Dataset,
    known: dict[str, Any],
    folder: Path | None,
    terminal: Terminal,
) -> float:
    """Fit to the rows and what is known of them; return the seconds it took."""
    from .neighbor_search import announce

    began = time.monotonic()
    hashes = makes_codes(estimator)
    size = f"{estimator.n_bits} bits" if hashes else f"{estimator.n_clusters} clusters"
    terminal.say(f"fitting {type(estimator).__name__} with {size}, seed {estimator.random_state}")
    announce(estimator, dataset, terminal)
    if folder is not None and estimator.resume and not has_checkpoint(folder):
        terminal.say(f"{folder} holds no checkpoint to resume from: the fit starts afresh")
    made = [] if folder is None else [folder, *(p for p in folder.parents if not p.exists())]
    try:
        estimator.fit(dataset.x, **known)
    except Stopped:
        raise Interrupted(
            f"torchrun stopped this process because another ended; {_how_to_go_on(folder)}"
        ) from None
    except KeyboardInterrupt:
        raise Interrupted(_how_to_go_on(folder)) from None
    finally:
        with contextlib.suppress(OSError):  # a folder that is not empty stays
            for path in made:
                path.rmdir()
    return time.monotonic() - began


def _how_to_go_on(folder: Path | None) -> str:
    if folder is None:
        return "nothing was written. This method keeps no checkpoints, so a new run starts afresh."
    if has_checkpoint(folder):
        return "run the same command with --resume to go on from the last checkpoint."
    return "no checkpoint was due yet (see --checkpoint-every), so a new run starts afresh."


def _finish(
    estimator: Any,
    dataset: Dataset,
    seconds: float,
    out: Path,
    labels: Path | None,
    terminal: Terminal,
) -> None:
    """Write what was asked for beside the model; say what came of it and what to type next."""
    if makes_codes(estimator):
        summarise_codes(estimator, dataset, seconds, terminal)
        terminal.show(f"\nmodel: {out}")
        terminal.show(f"encode data with: quantal encode {out} DATA --out codes.npy")
        return
    from .assignment import write_labels

    if labels is not None:
        write_labels(estimator, dataset, labels, terminal)
    summarise_clusters(estimator, dataset, seconds, terminal)
    terminal.show(f"\nmodel: {out}" + (f"\nlabels: {labels}" if labels else ""))
    if hasattr(estimator, "predict"):
        terminal.show(f"label new data with: quantal predict {out} NEW_DATA --out labels.parquet")
