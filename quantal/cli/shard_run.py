"""Folders of Parquet files at the command line: what ``encode`` and ``predict`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ParameterError, require_choice
from .interruption import Interrupted
from .reading import given_options
from .terminal import Terminal

PANEL = "Folders of Parquet files"
ENGINES = ("local", "ray")
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="local|ray",
        help="Who processes a folder of Parquet files; default: local, the threads of this "
        "process.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        help="Files at once, one a processor; default: all processors.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        metavar="HOST:PORT",
        help="A running Ray cluster; default: Ray is started here and stopped at the end.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]


def is_for_shards(
    data: str, engine: str | None, workers: int | None, ray_address: str | None
) -> bool:
    """Tell whether DATA is a folder of Parquet files, or is said to be one.

    Raises:
        ParameterError: An option for such folders, and DATA is something else.
    """
    if engine is not None:
        require_choice("--engine", engine, ENGINES)
    folder = Path(data)
    found = folder.is_dir() and _holds_parquet(folder)
    for option, value in (("--workers", workers), ("--ray-address", ray_address)):
        if value is not None and not found and engine is None:
            raise ParameterError(
                f"{option} is for a folder of Parquet files, and {data} is not one. Leave it out."
            )
    if ray_address is not None and engine != "ray":
        raise ParameterError("--ray-address is for --engine ray. Add that, or leave it out.")
    return found or engine is not None


def _holds_parquet(folder: Path) -> bool:
    """Tell whether there are Parquet files below a folder, and not pictures with a table beside."""
    from ..data.image_folder import SUFFIXES

    found = False
    for path in folder.rglob("*"):
        name = path.name.lower()
        if name.endswith(SUFFIXES):
            return False
        found = found or name.endswith(".parquet")
    return found


def run_shards(
    task: str,
    model: Path,
    data: str,
    out: Path,
    *,
    engine: str | None,
    workers: int | None,
    ray_address: str | None,
    reading: dict[str, Any],
    terminal: Terminal,
) -> None:
    """Process a folder of Parquet files into the folder ``out``.

    Args:
        task: "encode" or "predict".
        model: folder of the model.
        data: folder of the input.
        out: folder of the output.
        engine: as for `quantal.scale.process_folder`; None: "local".
        workers: files at once.
        ray_address: of a running cluster.
        reading: the reading options as the command got them.
        terminal: says what is done.
    """
    given = given_options(reading)
    strange = sorted(set(given) - {"columns", "drop"})
    if strange:
        raise ParameterError(
            f"--{strange[0].replace('_', '-')} does not concern a folder of Parquet files. Leave "
            "it out."
        )
    from ..scale import process_folder

    def on_shard(name: str, done: int, n: int) -> None:
        terminal.say(f"{done} of {n}: {name}")

    try:
        result = process_folder(
            task,
            model,
            data,
            out,
            engine=engine or "local",
            n_workers=workers,
            ray_address=ray_address,
            columns=given.get("columns"),
            drop=given.get("drop", ()),
            on_shard=on_shard,
        )
    except KeyboardInterrupt:
        raise Interrupted(
            f"the files in {out} are complete; the same command goes on with the others"
        ) from None
    what = "codes" if task == "encode" else "labels"
    kept = f" ({result.n_skipped} were there already)" if result.n_skipped else ""
    terminal.show(f"{what} of {result.n_rows:,} rows in {result.n_shards} files{kept}: {out}")
