"""Recipes and records to the generated tables: RESULTS.md and the README's short one."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from .class_recipe import ClassRecipe
from .class_tables import class_rows, class_sections
from .environment_list import environment_section
from .recall_recipe import RecallRecipe
from .recall_tables import RecallRow, recall_rows, recall_sections
from .recipe import Recipe
from .recipe_files import RECIPES_DIR, list_recipes
from .record import Record
from .retrieval_recipe import RetrievalRecipe
from .retrieval_tables import RetrievalRow, readme_lines, retrieval_rows, retrieval_sections
from .run import RECORDS_DIR, load_baseline, record_path
from .seconds import median_seconds
from .seed_result import CLUSTERING_RECORDS, SeedResult
from .sweep_tables import sweep_section
from .verdict import Summary, Verdict, bar_text, finished_results, judge, judge_baseline

RESULTS_PATH = Path("benchmarks/RESULTS.md")
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
HEADING = """# Results

Generated from `benchmarks/recipes` and `benchmarks/records`; not edited by hand. `quantal reproduce
RECIPE` repeats a row, and `docs/evidence.md` says how to read one. Scores are percentages at the
last epoch, mean (sample standard deviation) over the seeds; accuracy unless another is named. NMI
is normalised by the geometric mean.
"""


@dataclass(frozen=True)
class Row:
    """A recipe with what is known of it."""

    recipe: Recipe
    record: Record[SeedResult] | None
    baseline: SeedResult | None
    verdict: Verdict

    @property
    def results(self) -> list[SeedResult]:
        """Finished runs that count."""
        return finished_results(self.recipe, self.record)


def table_rows(
    recipes_dir: str | Path = RECIPES_DIR, records_dir: str | Path = RECORDS_DIR
) -> list[Row]:
    """Every recipe of clusters with its record, in the order of the tables."""
    rows = []
    for recipe in list_recipes(recipes_dir):
        if not isinstance(recipe, Recipe):
            continue
        path = record_path(recipe.name, records_dir)
        record = CLUSTERING_RECORDS.load(path) if path.is_file() else None
        baseline = load_baseline(recipe, records_dir) if recipe.baseline else None
        rows.append(Row(recipe, record, baseline, judge(recipe, record)))
    return rows


def results_markdown(
    recipes_dir: str | Path = RECIPES_DIR, records_dir: str | Path = RECORDS_DIR
) -> str:
    """The whole of RESULTS.md. The same recipes and records give the same text.

    Args:
        recipes_dir: folder of the recipes.
        records_dir: folder of the records; a recipe without one is shown as "not run".
    """
    rows = table_rows(recipes_dir, records_dir)
    plain = [row for row in rows if row.recipe.sweep is None]
    parts = [HEADING]
    for dataset in dict.fromkeys(row.recipe.dataset for row in plain):
        parts.append(_section(dataset, [r for r in plain if r.recipe.dataset == dataset]))
    swept = [(r.recipe, r.results) for r in rows if r.recipe.sweep is not None]
    if swept:
        parts.append(sweep_section(swept))
    found = _hashed_rows(recipes_dir, records_dir)
    parts.append(retrieval_sections(found))
    searched = recall_table_rows(recipes_dir, records_dir)
    parts.append(recall_sections(searched))
    classified = class_rows(
        [r for r in list_recipes(recipes_dir) if isinstance(r, ClassRecipe)], records_dir
    )
    parts.append(class_sections(classified))
    runs: list[tuple[str, Any, Sequence[Any]]] = [
        (row.recipe.name, row.record, row.results) for row in rows
    ]
    runs += [(row.recipe.name, row.record, row.counted) for row in found]
    runs += [(row.recipe.name, row.record, row.counted) for row in searched]
    runs += [(row.recipe.name, row.record, row.counted) for row in classified]
    parts.append(environment_section(runs))
    return "\n".join(part for part in parts if part)


def readme_table(
    recipes_dir: str | Path = RECIPES_DIR, records_dir: str | Path = RECORDS_DIR
) -> str:
    """The short table of the README: recipes with ``headline = true``.

    Args:
        recipes_dir: folder of the recipes.
        records_dir: folder of the records.
    """
    lines = [
        "| data set | method | published | ours | k-means | seconds a run |",
        "|---|---|---|---|---|---|",
    ]
    for row in table_rows(recipes_dir, records_dir):
        if row.recipe.headline:
            cells = (
                row.recipe.dataset,
                row.recipe.title,
                _published(row.recipe),
                _ours(row.verdict),
                _baseline(row),
                _seconds(row.results),
            )
            lines.append(f"| {' | '.join(cells)} |")
    lines += readme_lines(_hashed_rows(recipes_dir, records_dir))
    return "\n".join(lines) + "\n"


def write_tables(
    recipes_dir: str | Path = RECIPES_DIR,
    records_dir: str | Path = RECORDS_DIR,
    results_path: str | Path = RESULTS_PATH,
    readme_path: str | Path | None = None,
) -> None:
    """Write RESULTS.md and, if a README is named, the table between its markers.

    Args:
        recipes_dir: folder of the recipes.
        records_dir: folder of the records.
        results_path: the file to write; its folder is made if need be.
        readme_path: the README; None leaves it alone.

    Raises:
        FileFormatError: if the README lacks the markers.
    """
    text = results_markdown(recipes_dir, records_dir)
    Path(results_path).parent.mkdir(parents=True, exist_ok=True)
    Path(results_path).write_text(text, encoding="utf-8")
    if readme_path is not None:
        readme = Path(readme_path)
        table = readme_table(recipes_dir, records_dir)
        readme.write_text(with_table(readme.read_text("utf-8"), table), encoding="utf-8")


def with_table(readme: str, table: str) -> str:
    """``readme`` with what stands between the result markers replaced by ``table``.

    Raises:
        FileFormatError: if the markers are not there once each, in order.
    """
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in tail:
        raise FileFormatError(f"The README must hold one {BEGIN} followed by one {END}.")
    return f"{head}{BEGIN}\n{table}{END}{tail}"


def stale_tables(
    recipes_dir: str | Path = RECIPES_DIR,
    records_dir: str | Path = RECORDS_DIR,
    results_path: str | Path = RESULTS_PATH,
    readme_path: str | Path | None = None,
) -> list[str]:
    """Which generated texts differ from what `write_tables` would write; empty if none.

    Args:
        recipes_dir: folder of the recipes.
        records_dir: folder of the records.
        results_path: the generated table.
        readme_path: the README; None leaves it out.
    """
    stale = []
    results = Path(results_path)
    if not results.is_file() or results.read_text("utf-8") != results_markdown(
        recipes_dir, records_dir
    ):
        stale.append(f"{results} is out of date; run: quantal reproduce --tables")
    if readme_path is not None:
        text = Path(readme_path).read_text("utf-8")
        if text != with_table(text, readme_table(recipes_dir, records_dir)):
            stale.append(f"{readme_path} is out of date; run: quantal reproduce --tables")
    return stale


def recall_table_rows(recipes_dir: str | Path, records_dir: str | Path) -> list[RecallRow]:
    """Every recipe of recall with its record, in the order of the tables.

    Args:
        recipes_dir: folder of the recipes.
        records_dir: folder of the records.
    """
    recipes = [r for r in list_recipes(recipes_dir) if isinstance(r, RecallRecipe)]
    return recall_rows(recipes, records_dir)


def _hashed_rows(recipes_dir: str | Path, records_dir: str | Path) -> list[RetrievalRow]:
    recipes = [r for r in list_recipes(recipes_dir) if isinstance(r, RetrievalRecipe)]
    return retrieval_rows(recipes, records_dir)


def _section(dataset: str, rows: Sequence[Row]) -> str:
    lines = [
        f"## {dataset}\n",
        "| recipe | method | published | ours | to reach | verdict | NMI (paper's) | "
        "k-means (paper's) | seconds a run | notes |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    notes: list[str] = []  # rows that share a departure share its number
    for row in rows:
        found = _notes(row)
        notes += [note for note in found if note not in notes]
        cells = (
            f"`{row.recipe.name}`",
            row.recipe.title,
            _published(row.recipe),
            _ours(row.verdict),
            bar_text(row.recipe.bar),
            row.verdict.word,
            _nmi(row),
            _baseline(row),
            _seconds(row.results),
            ", ".join(str(notes.index(note) + 1) for note in found),
        )
        lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    lines += [f"{number}. {note}" for number, note in enumerate(notes, start=1)]
    return "\n".join([*lines, ""] if notes else lines)


def _notes(row: Row) -> list[str]:
    """Footnotes of a row: where the number is from, what was missed and why, departures."""
    recipe, nmi, missed = row.recipe, row.recipe.nmi, ""
    if row.verdict.why:
        missed = f"`{recipe.name}` is {row.verdict.word}: {row.verdict.why}"
        if row.verdict.word == "not reproduced" and recipe.reason:
            missed += f". Reason: {recipe.reason}"
    sentences = [
        f"Published in {recipe.source}" if recipe.source else "",
        f"NMI published in {nmi.source}" if nmi and nmi.source else "",
        missed,
        judge_baseline(recipe.baseline, row.baseline) if recipe.baseline else "",
        *(f"Departure: {text}" for text in recipe.departures),
    ]
    return [f"{s.rstrip('.')}." for s in sentences if s]


def _published(recipe: Recipe) -> str:
    if recipe.published is None:
        return "-"
    name = {"accuracy": ""}.get(recipe.published.metric, f" {recipe.published.metric}")
    std = "" if recipe.published.std is None else f" ({100 * recipe.published.std:.1f})"
    return f"{100 * recipe.published.mean:.1f}{std}{name}"


def _ours(verdict: Verdict) -> str:
    return "-" if verdict.ours is None else summary_text(verdict.ours)


def summary_text(summary: Summary) -> str:
    """Mean, deviation and n as the tables print them, e.g. "98.5 (0.1), n = 5"."""
    std = "" if summary.std is None else f" ({100 * summary.std:.1f})"
    return f"{100 * summary.mean:.1f}{std}, n = {summary.n}"


def _baseline(row: Row) -> str:
    if row.recipe.baseline is None:
        return "-"
    ours = "not run" if row.baseline is None else f"{100 * row.baseline.accuracy:.1f}"
    paper = row.recipe.baseline.published
    return ours if paper is None else f"{ours} ({100 * paper:.1f})"


def _nmi(row: Row) -> str:
    """Mean NMI by the geometric mean, that of the paper in brackets."""
    values = [r.nmi_geometric for r in row.results]
    ours = f"{100 * statistics.fmean(values):.1f}" if values else "-"
    paper = row.recipe.nmi
    return ours if paper is None else f"{ours} ({100 * paper.mean:.1f})"


def _seconds(results: Iterable[SeedResult]) -> str:
    return median_seconds([result.seconds for result in results])
