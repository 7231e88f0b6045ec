"""The options that say how DATA is read: one list for all commands that read rows."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import DataError
from .terminal import Terminal

if TYPE_CHECKING:
    from ..data import Dataset

PANEL = "Reading the data"
SECONDS_A_LINE = 5.0
FIT_ONLY = ("text", "features")  # a fitted model has its vocabulary, and knows its features


def _options(
    image_size: Annotated[
        str | None,
        typer.Option(
            "--image-size",
            metavar="SIZE",
            help="Resize a folder's images: 32, or height x width as in 28x23.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    color: Annotated[
        str | None,
        typer.Option(
            "--color",
            metavar="auto|grey|rgb",
            help="Read images as grey or colour; auto: grey if all of them are.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    skip_unreadable: Annotated[
        bool,
        typer.Option(
            "--skip-unreadable",
            help="List and leave out images that cannot be read, instead of stopping.",
            rich_help_panel=PANEL,
        ),
    ] = False,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="NAME",
            help="Array in an .npz or .h5 file, or field of .jsonl documents.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns",
            metavar="NAME,...",
            help="Use only these columns of a table.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            "--drop",
            metavar="NAME,...",
            help="Use all columns of a table but these.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header",
            help="Whether a .csv starts with column names; default: by what it holds.",
            rich_help_panel=PANEL,
            show_default=False,
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            "--text",
            metavar="20news|reuters",
            help="tf-idf as in a paper, instead of the default one.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            "--features",
            metavar="gist|hog|...",
            help="Describe images: gist (960 numbers of colour images, 512 of grey ones), "
            "gist-512, gist-960, hog, phog, lbp, spm, or the pretrained efficientnet-lite0; "
            "texts: the pretrained wordllama.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="FOLDER",
            help="Where named sets lie; default: QUANTAL_DATA, else ~/.cache/quantal.",
            rich_help_panel=PANEL,
        ),
    ] = None,
) -> None:
    """Declare the options; nobody calls this."""


def reads_data(*, fitting: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the reading options; it receives them as ``**reading``.

    Args:
        fitting: offer also the options that a fitted model has settled.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        shared = [
            parameter
            for name, parameter in inspect.signature(_options, eval_str=True).parameters.items()
            if fitting or name not in FIT_ONLY
        ]
        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        parameters = own + shared
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
        return command

    return decorate


def given_options(reading: dict[str, Any]) -> dict[str, Any]:
    """Return the options that the user gave, as `quantal.features.open_features` takes them."""
    given = {k: v for k, v in reading.items() if v not in (None, False, [])}
    if reading.get("header") is False:  # False says something here
        given["header"] = False
    for name in ("columns", "drop"):
        if name in given:
            given[name] = [part for value in given[name] for part in value.split(",") if part]
    return given


def require_source(source: str) -> None:
    """Raise for a path, suffix or name that cannot be read, before anything slow is imported."""
    from ..data import named
    from ..data.sources import NAMED_PREFIX, format_of

    if source.startswith(NAMED_PREFIX):
        named.find(source.removeprefix(NAMED_PREFIX))
    elif source:
        format_of(Path(source))


def read_rows(source: str, options: dict[str, Any], terminal: Terminal) -> Dataset:
    """Open DATA as rows of numbers and say what was found."""
    from ..features import open_features

    terminal.say(f"reading {source}")
    dataset = open_features(source, on_rows=_saying(terminal), **options)
    terminal.say(describe_rows(dataset))
    if dataset.skipped:
        listed = ", ".join(dataset.skipped[:5]) + (", ..." if len(dataset.skipped) > 5 else "")
        terminal.say(f"left out {len(dataset.skipped)}: {listed}")
    return dataset


def _saying(terminal: Terminal) -> Callable[[int, int], None]:
    """Say how many rows are described, whenever some seconds have gone by."""
    last = time.monotonic()

    def on_rows(done: int, n: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_A_LINE:
            last = time.monotonic()
            terminal.say(f"described {done:,} of {n:,}")

    return on_rows


def read_rows_for(model: Any, source: str, reading: dict[str, Any], terminal: Terminal) -> Dataset:
    """Open new rows for a fitted model as its own were read.

    Raises:
        DataError: The rows have another width than the model's.
    """
    reader = getattr(model, "reader_", None) or _assumed_reader(model)
    dataset = read_rows(source, {**reader, **given_options(reading)}, terminal)
    if dataset.n_features != model.n_features_in_:
        raise DataError(_other_width(model, source, dataset, reader))
    return dataset


def _other_width(model: Any, source: str, dataset: Dataset, reader: dict[str, Any]) -> str:
    from ..features.undescribed import described_rows

    width = f"{source} has {dataset.n_features} columns, but the model was fitted on "
    expected = described_rows(reader)
    if expected is not None:
        return f"{width}{model.n_features_in_}, the features of {expected[0]}. {expected[1]}"
    return (
        f"{width}{model.n_features_in_}. Pass data of the same kind; --columns, --drop, --key or "
        "--image-size choose a part."
    )


def _assumed_reader(model: Any) -> dict[str, Any]:
    """Return settings for a model that was fitted on arrays in Python."""
    shape = model.image_shape_
    if shape is None:
        return {"like": "vectors"}
    color = "grey" if len(shape) == 2 or 1 in {shape[0], shape[2]} else "rgb"
    size = [shape[1], shape[2]] if len(shape) == 3 and shape[0] in {1, 3} else list(shape[:2])
    return {"like": "images", "image_size": size, "color": color}


def describe_rows(dataset: Dataset) -> str:
    """Return one line on a data set: rows, shape and dtype."""
    shape = " x ".join(str(size) for size in dataset.x.shape[1:])
    form = {"images": f"images of {shape}", "text": f"documents, {shape} words"}
    rows = form.get(dataset.kind, f"rows of {shape} columns")
    return f"{dataset.name}: {len(dataset):,} {rows} ({dataset.x.dtype})"
