"""The one call behind ``quantal reproduce``: run recipes, draw pictures, write tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ..errors import MissingExtraError
from .class_recipe import ClassRecipe
from .class_result import ClassResult
from .class_run import run_classes
from .figures import Drawing, draw_panel, draw_picture
from .recall_figures import draw_recall
from .recall_recipe import RecallRecipe
from .recall_result import RecallResult
from .recall_run import run_recall
from .recipe import Recipe
from .recipe_files import RECIPES_DIR, AnyRecipe, find_recipe, load_recipe
from .record import Record
from .retrieval_recipe import RetrievalRecipe
from .retrieval_result import RetrievalResult
from .retrieval_run import run_retrieval
from .run import RECORDS_DIR, Clusterer, FittedRun, record_path, run_recipe
from .seed_result import SeedResult
from .sweep_tables import panel_name
from .tables import RESULTS_PATH, recall_table_rows, table_rows, write_tables
from .verdict import judge

FIGURES_DIR = Path("benchmarks/figures")
AnyRecord = (
    Record[SeedResult] | Record[RetrievalResult] | Record[RecallResult] | Record[ClassResult]
)


def reproduce(
    recipes: Iterable[str | Path],
    *,
    seeds: Sequence[int] | None = None,
    data_dir: str | Path | None = None,
    recipes_dir: str | Path = RECIPES_DIR,
    records_dir: str | Path = RECORDS_DIR,
    figures_dir: str | Path = FIGURES_DIR,
    results_path: str | Path | None = RESULTS_PATH,
    readme_path: str | Path | None = None,
    again: bool = False,
    drawing: Drawing | None = None,
    build: Callable[..., Clusterer] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[AnyRecord]:
    """Run recipes and bring the generated tables up to date.

    Every recipe is found and checked before the first one runs. Finished runs are skipped, so an
    interrupted call is resumed by repeating it. No recipe at all only rewrites the tables.

    Args:
        recipes: paths or names, e.g. "imsat/mnist-vat" or "mnist-vat".
        seeds: run these instead of the recipes' own; only a recipe's own seeds count in the
            tables.
        data_dir: folder of the data sets; default: the environment variable QUANTAL_DATA.
        recipes_dir: where names are looked up and what the tables list.
        records_dir: where records are kept.
        figures_dir: where pictures go.
        results_path: the table to write; None writes none (nor the README's).
        readme_path: a README with result markers; None leaves it alone.
        again: run finished seeds anew.
        drawing: who draws pictures, `quantal.report`; None draws none.
        build: makes estimators; default `quantal.catalog.build`.
        progress: gets lines of text.

    Returns:
        One record a recipe, in the order given.

    Raises:
        ParameterError: for an unknown recipe, key, method or parameter.
        DataError: if a data set is not there.
    """
    loaded = [load_recipe(find_recipe(name, recipes_dir)) for name in recipes]
    options: dict[str, Any] = {
        "seeds": seeds,
        "records_dir": records_dir,
        "data_dir": data_dir,
        "build": build,
        "progress": progress,
    }
    records: list[AnyRecord] = []
    for recipe in loaded:
        if not isinstance(recipe, Recipe):
            records.append(_run_other(recipe, again, options))
            _write(recipes_dir, records_dir, results_path, readme_path)
            continue
        picture = Path(figures_dir) / f"{recipe.name}.png"
        record = _run_and_draw(recipe, picture, drawing, again, options)
        records.append(record)
        progress(f"{recipe.name}: {_outcome(recipe, record)}")
        _write(recipes_dir, records_dir, results_path, readme_path)
    if drawing is not None:
        painter = drawing
        _draw_or_say(
            lambda: _draw_panels(loaded, recipes_dir, records_dir, figures_dir, painter), progress
        )
    if not loaded:
        _write(recipes_dir, records_dir, results_path, readme_path)
    return records


def _run_other(
    recipe: RetrievalRecipe | RecallRecipe | ClassRecipe, again: bool, options: dict[str, Any]
) -> AnyRecord:
    shared = {key: value for key, value in options.items() if key != "records_dir"}
    path = record_path(recipe.name, options["records_dir"])
    if isinstance(recipe, ClassRecipe):
        del shared["build"]  # the clusterer is that of another recipe
        return run_classes(recipe, path=path, again=again, **shared)
    if isinstance(recipe, RecallRecipe):
        return run_recall(recipe, path=path, again=again, **shared)
    return run_retrieval(recipe, path=path, again=again, **shared)


def _run_and_draw(
    recipe: Recipe, path: Path, drawing: Drawing | None, again: bool, options: dict[str, Any]
) -> Record[SeedResult]:
    """Run what is missing; repeat the first seed if only its picture is missing."""
    if drawing is None or recipe.picture is None or recipe.picture.kind == "curve":
        return run_recipe(recipe, again=again, **options)
    seeds = recipe.seeds if options["seeds"] is None else options["seeds"]
    if not seeds:
        return run_recipe(recipe, **options)
    first = seeds[0]
    shown: list[FittedRun] = []

    def keep(run: FittedRun) -> None:
        if run.seed == first:
            shown.append(run)

    record = run_recipe(recipe, again=again, on_fit=keep, **options)
    if not shown and path.is_file():
        return record
    if len(shown) < len(recipe.sweep.values if recipe.sweep else (None,)):
        shown.clear()
        record = run_recipe(recipe, again=True, on_fit=keep, **{**options, "seeds": [first]})
    _draw_or_say(lambda: draw_picture(recipe, shown, path, drawing), options["progress"])
    return record


def _draw_or_say(draw: Callable[[], None], progress: Callable[[str], None]) -> None:
    """Draw; a missing plotting library costs the picture, never the runs that follow."""
    try:
        draw()
    except MissingExtraError as error:
        progress(f"no picture: {error}")


def _draw_panels(
    recipes: Sequence[AnyRecipe],
    recipes_dir: str | Path,
    records_dir: str | Path,
    figures_dir: str | Path,
    drawing: Drawing,
) -> None:
    """Draw every panel that one of ``recipes`` belongs to, with all its rows."""
    searched = {r.dataset: Path(r.name).parent for r in recipes if isinstance(r, RecallRecipe)}
    if searched:
        found = recall_table_rows(recipes_dir, records_dir)
        for title, part in searched.items():
            draw_recall(found, [title], Path(figures_dir) / part, drawing)
    clustered = [r for r in recipes if isinstance(r, Recipe)]
    wanted = {panel_name(r) for r in clustered if r.picture and r.picture.kind == "curve"}
    rows = table_rows(recipes_dir, records_dir) if wanted else []
    for name in sorted(wanted):
        swept = [
            (row.recipe, row.record)
            for row in rows
            if row.recipe.sweep and panel_name(row.recipe) == name and row.record and row.results
        ]
        if swept:
            file = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
            folder = Path(figures_dir) / Path(swept[0][0].name).parent
            draw_panel(swept, folder / f"{file}.png", drawing)


def _outcome(recipe: Recipe, record: Record[SeedResult]) -> str:
    verdict = judge(recipe, record)
    if verdict.ours is None:
        return verdict.word
    why = f" ({verdict.why})" if verdict.why else ""
    paper = f", published {100 * recipe.published.mean:.1f}" if recipe.published else ""
    return f"{100 * verdict.ours.mean:.1f} over {verdict.ours.n} runs{paper}: {verdict.word}{why}"


def _write(
    recipes_dir: str | Path,
    records_dir: str | Path,
    results_path: str | Path | None,
    readme_path: str | Path | None,
) -> None:
    if results_path is not None:
        write_tables(recipes_dir, records_dir, results_path, readme_path)
