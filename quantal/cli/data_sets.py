"""``quantal data``: the named sets, and a look at any source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .reading import given_options, reads_data, require_source
from .terminal import Terminal, table

app = typer.Typer(help="List, describe and fetch data.", rich_markup_mode="rich")

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="FOLDER",
        help="Where named sets lie; default: QUANTAL_DATA, else ~/.cache/quantal.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command("list")
def list_sets(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the named sets and whether they are here.

    [bold]Examples[/bold]

    quantal data list

    quantal data list --data-dir ~/data
    """
    from ..data import named

    rows = named.catalogue(data_dir)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    lines = [("name", "kind", "shape", "classes", "here")]
    for row in rows:
        shape = " x ".join(f"{size:,}" for size in row["shape"])
        lines.append(
            (f"name:{row['name']}", row["kind"], shape, str(row["n_classes"] or "-"), _where(row))
        )
    typer.echo(table(lines, right=(3,)))
    typer.echo(f"\nfolder: {named.data_folder(data_dir)}")
    typer.echo("more on one: quantal data info name:digits")


def _where(row: dict[str, Any]) -> str:
    if row["available"]:
        return "yes" if row["path"] else "yes (embedded)"
    return "no; 'quantal data fetch' brings it" if row["can_fetch"] else "no; put its files there"


@app.command("info")
@reads_data(fitting=True)
def info(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A file, a folder, or name:digits.")
    ],
    as_json: AsJson = False,
    **reading: Any,
) -> None:
    """Describe rows: shape, range, empty columns, duplicates; of a named set also its origin.

    With --features or --text it is the features that are described, as a fit would see them.

    [bold]Examples[/bold]

    quantal data info vectors.npy

    quantal data info photos/ --image-size 32

    quantal data info photos/ --image-size 32 --features gist
    """
    require_source(source)
    from ..data import describe, named
    from ..features import open_features

    facts: dict[str, Any] = {}
    name = source.removeprefix("name:")
    if name != source:
        entry = named.find(name)
        facts = {"source": entry.source, "licence": entry.licence, "notes": entry.notes}
    options = given_options(reading)
    described = "features" in options or "text" in options
    facts = describe(open_features(source, **options) if described else source, **options) | facts
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    typer.echo(table([(_title(key), _shown(key, value)) for key, value in facts.items()]))


TITLES = {
    "n": "rows",
    "d": "numbers a row",
    "words": "words a document (median)",
    "zeros": "entries that are zero",
    "duplicates": "rows that repeat another",
    "sampled": "  among",
    "constant_columns": "constant columns",
    "skipped": "left out",
}


def _title(key: str) -> str:
    return TITLES.get(key, key)


def _shown(key: str, value: Any) -> str:
    if key in {"zeros", "duplicates"}:
        return f"{100 * value:.1f} %"
    if key == "shape":
        return " x ".join(f"{size:,}" for size in value)
    if key == "bytes":
        return f"{value:,} ({value / 2**20:.1f} MiB)"
    if key == "sampled":
        return f"{value:,} rows compared"
    return (
        f"{value:,}"
        if isinstance(value, int)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A named set, e.g. mnist.")],
    data_dir: DataDir = None,
) -> None:
    """Bring the file of a named set into the data folder and check it.

    [bold]Examples[/bold]

    quantal data fetch mnist
    """
    from ..data import named

    short = name.removeprefix("name:")
    if named.find(short).files:
        Terminal().say(f"fetching {short} into {named.data_folder(data_dir)}")
    path = named.fetch(short, data_dir)
    if path is None:
        typer.echo(f"{short} is embedded and needs no file.")
    else:
        typer.echo(f"{short}: {path} ({path.stat().st_size:,} bytes, checksum as expected)")
