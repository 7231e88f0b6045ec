"""``quantal evaluate``: how well labels agree with a truth that training never saw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ParameterError
from .predict import Quiet
from .reading import read_rows_for, reads_data, require_source
from .terminal import Terminal, size_bars, table
from .truth_files import NAMED_PREFIX, LabelColumn, align, read_labels, read_truth

if TYPE_CHECKING:
    from ..metrics import ClusteringScores


LabelsOrModel = Annotated[
    str,
    typer.Argument(
        metavar="LABELS|MODEL",
        help="Labels that 'predict' wrote (.parquet, .csv, .npy), or a model's folder.",
    ),
]
TruthOrData = Annotated[
    str,
    typer.Argument(
        metavar="TRUTH|DATA",
        help="True labels: .npy, .npz, .parquet, .csv or name:digits; after MODEL, the rows "
        "to label.",
    ),
]
Truth = Annotated[
    str | None,
    typer.Option(
        "--truth",
        metavar="TRUTH",
        help="True labels of DATA, after MODEL; default: those of a named set.",
    ),
]
TruthColumn = Annotated[
    str | None,
    typer.Option(
        "--truth-column",
        metavar="NAME",
        help="Column of TRUTH; default: label, y, target, ... or the only one.",
    ),
]
Resamples = Annotated[
    int,
    typer.Option("--resamples", help="Bootstrap resamples behind the intervals; 0: none."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@reads_data()
def evaluate(
    labels: LabelsOrModel,
    truth_or_data: TruthOrData,
    truth: Truth = None,
    truth_column: TruthColumn = None,
    resamples: Resamples = 1000,
    as_json: AsJson = False,
    quiet: Quiet = False,
    **reading: Any,
) -> None:
    """Compare cluster labels with true ones.

    Prints accuracy under the best pairing of clusters with classes (Hungarian method), normalised
    mutual information by both means, the adjusted Rand index and purity, each with a 95 %
    bootstrap interval, and the cluster sizes. Rows are matched by id where both files have one.

    [bold]Examples[/bold]

    quantal evaluate labels.parquet y.npy

    quantal evaluate model name:digits

    quantal evaluate cells-model cells.parquet --truth cells.parquet --truth-column type
    """
    from ..errors import require_range

    require_range("--resamples", resamples, low=0, high=1_000_000, integer=True)
    terminal = Terminal(quiet=quiet or as_json)
    if Path(labels).is_dir():
        source = truth or (truth_or_data if truth_or_data.startswith(NAMED_PREFIX) else None)
        if source is None:
            raise ParameterError(
                f"{labels} is a folder, so {truth_or_data} is taken as its data; add --truth FILE "
                "with the true labels."
            )
        predicted = _predicted(Path(labels), truth_or_data, reading, terminal)
    else:
        if truth is not None:
            raise ParameterError(
                f"--truth belongs after a model and its data, but {labels} is not a folder. Write: "
                "quantal evaluate LABELS TRUTH, or quantal evaluate MODEL DATA --truth TRUTH"
            )
        source = truth_or_data
        predicted = read_labels(labels)
    found = read_truth(source, predicted.ids, truth_column, reading.get("data_dir"))
    from ..metrics import evaluate_clustering

    pred, true = align(predicted, found)
    scores = evaluate_clustering(true, pred, n_resamples=resamples)
    typer.echo(json.dumps(scores.as_dict(), indent=1) if as_json else _report(scores))


def _predicted(model: Path, data: str, reading: dict[str, Any], terminal: Terminal) -> LabelColumn:
    import numpy as np

    from ..catalog import load
    from .assignment import assignments

    require_source(data)
    fitted = load(model)
    dataset = read_rows_for(fitted, data, reading, terminal)
    blocks = [labels for _, labels, _ in assignments(fitted, dataset, terminal)]
    return LabelColumn(np.concatenate(blocks), dataset.ids, f"{model} on {data}")


def _report(scores: ClusteringScores) -> str:
    head = ("score", "value", f"95 % interval ({scores.n_resamples:,} resamples)")
    rows = [head[: 3 if scores.intervals else 2]]
    rows += [row[: len(rows[0])] for row in scores.rows()]
    left_out = (
        f"; {scores.n_without_truth:,} rows without a true label left out"
        if scores.n_without_truth
        else ""
    )
    counts = (
        f"{scores.n_rows:,} rows, {len(scores.cluster_sizes)} clusters, {scores.n_classes} classes"
    )
    sizes = [(str(label), size) for label, size in scores.cluster_sizes.items()]
    return f"{table(rows)}\n\n{counts}{left_out}\n\n{size_bars(sizes)}"
