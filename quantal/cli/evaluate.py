"""``quantal evaluate``: labels or hash codes beside a truth that training never saw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ParameterError
from .predict import Quiet
from .query_split import QuerySplit
from .reading import read_rows_for, reads_data, require_source
from .terminal import Terminal, size_bars, table
from .truth_files import NAMED_PREFIX, LabelColumn, align, read_labels, read_truth

if TYPE_CHECKING:
    from ..data import Dataset
    from ..metrics import ClusteringScores

RETRIEVAL = "Hash codes"

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
        "to label or encode.",
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
QueriesPerClass = Annotated[
    int | None,
    typer.Option(
        "--queries-per-class",
        metavar="Q",
        help="Rows of each class, drawn at random, that are queries; the others are searched. "
        "Default: 100.",
        rich_help_panel=RETRIEVAL,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", help="Source of that draw; default: 0.", rich_help_panel=RETRIEVAL),
]
PrecisionAt = Annotated[
    int | None,
    typer.Option(
        "--precision-at",
        metavar="N",
        help="Depth of precision@N; default: 500, or all that are searched if fewer.",
        rich_help_panel=RETRIEVAL,
    ),
]
Radius = Annotated[
    int | None,
    typer.Option(
        "--radius",
        metavar="R",
        help="Hamming radius of precision within a ball; default: 2.",
        rich_help_panel=RETRIEVAL,
    ),
]


@reads_data()
def evaluate(
    labels: LabelsOrModel,
    truth_or_data: TruthOrData,
    truth: Truth = None,
    truth_column: TruthColumn = None,
    resamples: Resamples = 1000,
    queries_per_class: QueriesPerClass = None,
    seed: Seed = None,
    precision_at: PrecisionAt = None,
    radius: Radius = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    **reading: Any,
) -> None:
    """Compare cluster labels, or searches by hash codes, with true labels.

    Of labels it prints accuracy under the best pairing of clusters with classes (Hungarian
    method), normalised mutual information by both means, the adjusted Rand index and purity, each
    with a 95 % bootstrap interval, and the cluster sizes. Rows are matched by id where both files
    have one.

    Of a model of hash codes it draws queries from DATA, searches the other rows with them, and
    prints mean average precision, precision@N and precision within a Hamming radius, where rows of
    a query's class count as found. Pass rows that the model was not fitted on.

    [bold]Examples[/bold]

    quantal evaluate labels.parquet y.npy

    quantal evaluate model name:digits

    quantal evaluate cells-model cells.parquet --truth cells.parquet --truth-column type

    quantal evaluate codes-model vectors.npy --truth y.npy --queries-per-class 50
    """
    from ..errors import require_range

    require_range("--resamples", resamples, low=0, high=1_000_000, integer=True)
    split = QuerySplit(queries_per_class, seed, precision_at, radius)
    terminal = Terminal(quiet=quiet or as_json)
    data_dir = reading.get("data_dir")
    if not Path(labels).is_dir():
        if truth is not None:
            raise ParameterError(
                f"--truth belongs after a model and its data, but {labels} is not a folder. Write: "
                "quantal evaluate LABELS TRUTH, or quantal evaluate MODEL DATA --truth TRUTH"
            )
        split.require_none(f"{labels} is a file of labels")
        predicted = read_labels(labels)
        found = read_truth(truth_or_data, predicted.ids, truth_column, data_dir)
        typer.echo(_clustering_report(predicted, found, resamples, as_json=as_json))
        return
    source = truth or (truth_or_data if truth_or_data.startswith(NAMED_PREFIX) else None)
    if source is None:
        raise ParameterError(
            f"{labels} is a folder, so {truth_or_data} is taken as its data; add --truth FILE "
            "with the true labels."
        )
    require_source(truth_or_data)
    from ..catalog import load
    from .fitted_models import makes_codes

    fitted = load(labels)
    if not makes_codes(fitted):
        split.require_none(f"{labels} makes cluster labels")
    dataset = read_rows_for(fitted, truth_or_data, reading, terminal)
    found = read_truth(source, dataset.ids, truth_column, data_dir)
    what = f"{labels} on {truth_or_data}"
    if makes_codes(fitted):
        from .retrieval_report import retrieval_report

        text = retrieval_report(
            fitted, dataset, found, split, what, resamples, terminal, as_json=as_json
        )
    else:
        predicted = _predicted(fitted, dataset, what, terminal)
        text = _clustering_report(predicted, found, resamples, as_json=as_json)
    typer.echo(text)


def _predicted(fitted: Any, dataset: Dataset, what: str, terminal: Terminal) -> LabelColumn:
    import numpy as np

    from .assignment import assignments

    blocks = [labels for _, labels, _ in assignments(fitted, dataset, terminal)]
    return LabelColumn(np.concatenate(blocks), dataset.ids, what)


def _clustering_report(
    predicted: LabelColumn, truth: LabelColumn, resamples: int, *, as_json: bool
) -> str:
    from ..metrics import evaluate_clustering

    pred, true = align(predicted, truth)
    scores = evaluate_clustering(true, pred, n_resamples=resamples)
    return json.dumps(scores.as_dict(), indent=1) if as_json else _report(scores)


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
