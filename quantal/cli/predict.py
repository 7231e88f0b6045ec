"""``quantal predict``: labels for new rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .fitted_models import load_clusterer
from .output_paths import require_label_target
from .reading import read_rows_for, reads_data, require_source
from .shard_run import Engine, RayAddress, Workers, is_for_shards, run_shards
from .terminal import Terminal, size_bars

ModelFolder = Annotated[
    Path, typer.Argument(metavar="MODEL", help="Folder that 'quantal fit --out' wrote.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors and warnings.")]


@reads_data()
def predict(
    model: ModelFolder,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="New rows of the same kind: a file, a folder, name:digits."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where the labels go: .parquet or .csv with columns id, label, probability; "
            ".npy with the labels alone. For a folder of Parquet files: a folder.",
        ),
    ],
    engine: Engine = None,
    workers: Workers = None,
    ray_address: RayAddress = None,
    quiet: Quiet = False,
    **reading: Any,
) -> None:
    """Label new rows with a fitted model of clusters.

    The model remembers how its data were read: image size and colour, columns, vocabulary. A
    folder of Parquet files is labelled file by file; stopped or killed, the same command goes on
    where it was.

    [bold]Examples[/bold]

    quantal predict model new.npy --out labels.parquet

    quantal predict photos-model more-photos/ --out labels.csv

    quantal predict model measurements/ --out labels/ --engine ray
    """
    terminal = Terminal(quiet=quiet)
    if is_for_shards(data, engine, workers, ray_address):
        run_shards(
            "predict",
            model,
            data,
            out,
            engine=engine,
            workers=workers,
            ray_address=ray_address,
            reading=reading,
            terminal=terminal,
        )
        return
    require_label_target(out, "--out", (data,))
    require_source(data)
    from .assignment import write_labels

    fitted = load_clusterer(model, data)
    dataset = read_rows_for(fitted, data, reading, terminal)
    sizes = write_labels(fitted, dataset, out, terminal)
    terminal.show(size_bars([(str(i), int(size)) for i, size in enumerate(sizes)]))
    terminal.show(f"\nlabels of {len(dataset):,} rows: {out}")
