"""``quantal report``: one HTML file about a fitted model and some rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ParameterError, require_extra, require_range
from .output_paths import require_file_target
from .predict import ModelFolder, Quiet
from .reading import SECONDS_A_LINE, given_options, read_rows_for, reads_data, require_source
from .terminal import Terminal
from .truth_files import LabelColumn, align, read_truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data import Dataset

SUFFIXES = (".html", ".htm")


@reads_data()
def report(
    model: ModelFolder,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA",
            help="Rows to show: a file, a folder, name:digits; default: what the model alone "
            "tells.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Where the page goes: a file .html."),
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(
            "--truth",
            metavar="TRUTH",
            help="True labels of DATA (.npy, .npz, .parquet, .csv or name:digits): adds scores "
            "and the matched confusion matrix.",
        ),
    ] = None,
    truth_column: Annotated[
        str | None,
        typer.Option(
            "--truth-column",
            metavar="NAME",
            help="Column of TRUTH; default: label, y, target, ... or the only one.",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", help="Source of the samples where rows are many.")
    ] = 0,
    quiet: Quiet = False,
    **reading: Any,
) -> None:
    """Write one HTML file that shows what a model did: clusters or codes, members, maps, training.

    The file is complete: it loads nothing from the network and holds no script. It prints well and
    fits a phone.

    [bold]Examples[/bold]

    quantal report model --out report.html

    quantal report model name:digits --out report.html --truth name:digits

    quantal report cells-model cells.parquet --out cells.html
    """
    terminal = Terminal(quiet=quiet)
    if out is None:
        raise ParameterError("--out is missing. Name a file for the page, e.g. --out report.html.")
    require_range("--seed", seed, low=0, integer=True)
    require_file_target(out, "--out", SUFFIXES, () if data is None else (data,))
    if data is None:
        _require_no_data_options(truth, truth_column, reading)
    else:
        require_source(data)
    require_extra("jinja2", "report")
    from ..catalog import load
    from ..report.page import write_report

    fitted = load(model)
    if data is None:
        write_report(model, out, seed=seed)
        terminal.show(f"report: {out}")
        return
    dataset = read_rows_for(fitted, data, reading, terminal)
    classes = None
    if truth is not None:
        found = read_truth(truth, dataset.ids, truth_column, reading.get("data_dir"))
        rows = LabelColumn(_numbers(dataset), dataset.ids, data)
        classes = align(rows, found)[1]
    write_report(
        model,
        out,
        dataset,
        truth=classes,
        pictures=_pictures(fitted, data, reading),
        seed=seed,
        on_rows=_saying(terminal),
    )
    terminal.show(f"report on {len(dataset):,} rows: {out}")


def _require_no_data_options(
    truth: str | None, truth_column: str | None, reading: dict[str, Any]
) -> None:
    """Raise ParameterError for options that say something of rows where there are none."""
    typed = {"--truth": truth, "--truth-column": truth_column}
    typed |= {f"--{name.replace('_', '-')}": v for name, v in given_options(reading).items()}
    for option, value in typed.items():
        if value is not None:
            raise ParameterError(
                f"{option} concerns DATA, and none was given. Write: quantal report MODEL DATA "
                f"--out report.html {option} ..., or leave {option} out."
            )


def _numbers(dataset: Dataset) -> NDArray[Any]:
    import numpy as np

    return np.arange(len(dataset))


def _pictures(model: Any, source: str, reading: dict[str, Any]) -> Any:
    """Return the images of a source whose features the model reads, else None."""
    from ..report.shown_rows import pictures_of

    return pictures_of(source, {**getattr(model, "reader_", {}), **given_options(reading)})


def _saying(terminal: Terminal) -> Callable[[str, int, int], None]:
    """Say how many rows are done, whenever some seconds have gone by."""
    last = time.monotonic()

    def on_rows(doing: str, done: int, n: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_A_LINE:
            last = time.monotonic()
            terminal.say(f"{doing}: {done:,} of {n:,} rows")

    return on_rows
