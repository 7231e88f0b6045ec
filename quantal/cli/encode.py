"""``quantal encode``: hash codes of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .output_paths import CODE_SUFFIXES, require_file_target
from .predict import ModelFolder, Quiet
from .reading import read_rows_for, reads_data, require_source
from .shard_run import Engine, RayAddress, Workers, is_for_shards, run_shards
from .terminal import Terminal


@reads_data()
def encode(
    model: ModelFolder,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="Rows of the kind that MODEL was fitted on: a file, a folder, ..."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where the codes go. .npy: packed bytes, with two files beside it for width and "
            "ids; .parquet: all in one. For a folder of Parquet files: a folder.",
        ),
    ],
    engine: Engine = None,
    workers: Workers = None,
    ray_address: RayAddress = None,
    quiet: Quiet = False,
    **reading: Any,
) -> None:
    """Turn rows into hash codes with a fitted model.

    Ids of the rows (names of images, the column id) are written with the codes. A memory-mapped
    file is read block by block, so it may be larger than memory. A folder of Parquet files is
    encoded file by file; stopped or killed, the same command goes on where it was.

    [bold]Examples[/bold]

    quantal encode codes-model vectors.npy --out codes.npy

    quantal encode codes-model name:digits --out codes.parquet

    quantal encode codes-model embeddings/ --out codes/ --engine ray
    """
    terminal = Terminal(quiet=quiet)
    if is_for_shards(data, engine, workers, ray_address):
        run_shards(
            "encode",
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
    require_file_target(out, "--out", CODE_SUFFIXES, (data,))
    require_source(data)
    from ..codes import write_codes
    from .encoding import code_blocks
    from .fitted_models import load_hasher, maker_of

    fitted = load_hasher(model, f"Write: quantal predict {model} {data} --out labels.parquet")
    maker = maker_of(model, fitted)
    dataset = read_rows_for(fitted, data, reading, terminal)
    blocks = code_blocks(fitted, dataset, terminal)
    n_bits = int(fitted.n_bits)
    write_codes(out, blocks, n_bits, ids=dataset.ids, method=maker)
    n_bytes = len(dataset) * -(-n_bits // 8)
    terminal.show(f"{len(dataset):,} codes of {n_bits} bits, {n_bytes:,} bytes: {out}")
    terminal.show(f"search them with: quantal search {model} {out} QUERIES -k 10 --out hits.csv")
