"""Sweeps as tables: one panel a table, one data set a row, and what Eq. 21 selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .recipe import Recipe
from .seconds import shown_seconds
from .seed_result import SeedResult
from .selection import relative_accuracy_selection

Swept = tuple[Recipe, list[SeedResult]]
MEASURES = {"nmi_geometric": "NMI", "nmi_arithmetic": "NMI, arithmetic mean,"}


def sweep_means(
    recipe: Recipe, results: Sequence[SeedResult], measure: str = "accuracy"
) -> list[float | None]:
    """Mean of a score, or of the seconds, at each swept value; None where no run is finished.

    Args:
        recipe: one with a sweep.
        results: its finished runs.
        measure: one of `Sweep.measures`.
    """
    assert recipe.sweep is not None  # callers pass sweeps only
    means: list[float | None] = []
    for value in recipe.sweep.values:
        found = [getattr(r, measure) for r in results if r.value == value]
        means.append(float(np.mean(found)) if found else None)
    return means


def sweep_section(swept: Sequence[Swept]) -> str:
    """Every panel of swept recipes as Markdown."""
    panels: dict[str, list[Swept]] = {}
    for recipe, results in swept:
        panels.setdefault(panel_name(recipe), []).append((recipe, results))
    tables = [
        _table(name, rows, measure)
        for name, rows in panels.items()
        for measure in measures_of(rows[0][0])
    ]
    return "\n".join(["## Sweeps\n", *tables])


def measures_of(recipe: Recipe) -> tuple[str, ...]:
    """What is shown of a swept recipe's runs."""
    assert recipe.sweep is not None
    return recipe.sweep.measures


def panel_name(recipe: Recipe) -> str:
    """The panel that a swept recipe belongs to: its own name if it names none."""
    assert recipe.sweep is not None
    return recipe.sweep.panel or recipe.name


def series_name(recipe: Recipe, panel: Sequence[Recipe]) -> str:
    """What a recipe is called among those of its panel: its data set, and its method if those vary.

    Args:
        recipe: one with a sweep.
        panel: all recipes of its panel.
    """
    method = f", {recipe.title}" if len({other.title for other in panel}) > 1 else ""
    return f"{recipe.dataset}{method}"


def value_text(value: Any) -> str:
    """A swept value in a table's head: "0.1", "5-5", or the values of a table side by side."""
    if isinstance(value, Mapping):
        return " ".join(value_text(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return "-".join(str(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(name: str, rows: Sequence[Swept], measure: str) -> str:
    sweep = rows[0][0].sweep
    assert sweep is not None
    labels, panel = [value_text(v) for v in sweep.values], [recipe for recipe, _ in rows]
    lines = [
        f"### {name}: {MEASURES.get(measure, measure)} by `{sweep.parameter}`\n",
        f"| data set | {' | '.join(labels)} |",
        "|---|" + "---|" * len(labels),
    ]
    curves: dict[str, list[float]] = {}
    for recipe, results in rows:
        means = sweep_means(recipe, results, measure)
        cells = [_cell(m, measure) for m in means]
        size = f", {recipe.data.limit:,} rows" if recipe.data.limit else ""
        lines.append(f"| {series_name(recipe, panel)}{size} | {' | '.join(cells)} |")
        if recipe.sweep and recipe.sweep.values == sweep.values and None not in means:
            curves[recipe.name] = [m for m in means if m is not None]
    lines += ["", f"Recipes: {', '.join(f'`{recipe.name}`' for recipe, _ in rows)}."]
    if sweep.selected is not None and measure == "accuracy":
        lines.append(_selection(sweep.values, sweep.selected, curves, len(rows)))
    departures = dict.fromkeys(d.rstrip(".") for recipe, _ in rows for d in recipe.departures)
    lines += [f"Departure: {text}." for text in departures]
    return "\n".join([*lines, ""])


def _selection(
    values: Sequence[Any], published: Any, curves: dict[str, list[float]], n_rows: int
) -> str:
    if len(curves) < n_rows:
        chosen = "Eq. 21 selects nothing yet: runs are missing"
    else:
        chosen = f"Eq. 21 selects {value_text(relative_accuracy_selection(values, curves))}"
    return f"{chosen}; the paper, on its own data sets, selects {value_text(published)}."


def _cell(mean: float | None, measure: str) -> str:
    if mean is None:
        return "not run"
    return shown_seconds(mean) if measure == "seconds" else f"{100 * mean:.1f}"
