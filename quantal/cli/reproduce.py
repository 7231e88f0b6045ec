"""``quantal reproduce``: from recipes to records and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ParameterError
from .interruption import Interrupted
from .predict import Quiet
from .terminal import Terminal, table

BENCHMARKS = Path("benchmarks")


def reproduce(
    recipes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RECIPE...", help="Names or paths, e.g. imsat/mnist-vat; none: list them."
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option("--seeds", metavar="0,1,...", help="Run these instead of the recipes' own."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="FOLDER",
            help="Where named sets lie; default: QUANTAL_DATA, else ~/.cache/quantal.",
        ),
    ] = None,
    recipes_dir: Annotated[
        Path,
        typer.Option("--recipes", metavar="FOLDER", help="Where recipes are looked up by name."),
    ] = BENCHMARKS / "recipes",
    records_dir: Annotated[
        Path,
        typer.Option(
            "--records",
            metavar="FOLDER",
            help="Where records go; RESULTS.md and figures/ appear beside it.",
        ),
    ] = BENCHMARKS / "records",
    again: Annotated[bool, typer.Option("--again", help="Run finished seeds anew.")] = False,
    tables: Annotated[
        bool, typer.Option("--tables", help="Run nothing; write the tables from the records.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Run the recipes behind published tables and compare.

    Every finished seed is recorded at once: an interrupted call is resumed by repeating it.

    [bold]Examples[/bold]

    quantal reproduce

    quantal reproduce imsat/mnist-vat --seeds 0,1
    """
    terminal = Terminal(quiet=quiet)
    if not recipes and not tables:
        _list(recipes_dir)
        return
    if recipes and tables:
        raise ParameterError("--tables runs nothing. Leave out the recipes, or --tables.")
    from .. import report
    from ..experiments import reproduce as run

    drawing: Any = report
    readme = Path("README.md")
    beside = records_dir.parent
    try:
        run(
            recipes or (),
            seeds=parse_seeds(seeds),
            data_dir=data_dir,
            recipes_dir=recipes_dir,
            records_dir=records_dir,
            figures_dir=beside / "figures",
            results_path=beside / "RESULTS.md",
            readme_path=readme if _has_results(readme) and beside == BENCHMARKS else None,
            again=again,
            drawing=drawing,
            progress=terminal.say,
        )
    except KeyboardInterrupt:
        raise Interrupted(
            "finished seeds are recorded; run the same command again to go on."
        ) from None
    terminal.show(f"records: {records_dir}\ntable: {beside / 'RESULTS.md'}")


def parse_seeds(text: str | None) -> list[int] | None:
    """Return the seeds of "0,1,2" or "0-4".

    Raises:
        ParameterError: Something else was typed.
    """
    if text is None:
        return None
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not (first.isdigit() and (last.isdigit() or not dash)):
            raise ParameterError(f"--seeds wants whole numbers as in 0,1,2 or 0-4, got {text!r}.")
        seeds += range(int(first), int(last or first) + 1)
    if not seeds:
        raise ParameterError(f"--seeds {text!r} names no seed.")
    return seeds


def _list(folder: Path) -> None:
    from ..experiments import list_recipes

    found = list_recipes(folder)
    if not found:
        raise ParameterError(
            f"{folder} holds no recipe. Run this in a copy of quantal's repository, or name the "
            "folder with --recipes."
        )
    rows = [("recipe", "method", "data", "seeds")]
    rows += [(r.name, r.title, r.dataset, str(len(r.seeds))) for r in found]
    typer.echo(table(rows, right=(3,)))
    typer.echo(f"\nrun one: quantal reproduce {found[0].name}")


def _has_results(readme: Path) -> bool:
    from ..experiments.tables import BEGIN

    return readme.is_file() and BEGIN in readme.read_text("utf-8")
