"""Sweeps as tables: one panel a table, one data set a row, and what Eq. 21 selects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .recipe import Recipe
from .record import SeedResult
from .selection import relative_accuracy_selection

Swept = tuple[Recipe, list[SeedResult]]


def sweep_means(recipe: Recipe, results: Sequence[SeedResult]) -> list[float | None]:
    """Mean accuracy at each swept value; None where no run is finished.

    Args:
        recipe: one with a sweep.
        results: its finished runs.
    """
    assert recipe.sweep is not None  # callers pass sweeps only
    means: list[float | None] = []
    for value in recipe.sweep.values:
        found = [r.accuracy for r in results if r.value == value]
        means.append(float(np.mean(found)) if found else None)
    return means


def sweep_section(swept: Sequence[Swept]) -> str:
    """Every panel of swept recipes as Markdown."""
    panels: dict[str, list[Swept]] = {}
    for recipe, results in swept:
        panels.setdefault(panel_name(recipe), []).append((recipe, results))
    return "\n".join(["## Sweeps\n", *(_table(name, rows) for name, rows in panels.items())])


def panel_name(recipe: Recipe) -> str:
    """The panel that a swept recipe belongs to: its own name if it names none."""
    assert recipe.sweep is not None
    return recipe.sweep.panel or recipe.name


def _table(name: str, rows: Sequence[Swept]) -> str:
    sweep = rows[0][0].sweep
    assert sweep is not None
    labels = [_value_text(v) for v in sweep.values]
    lines = [
        f"### {name}: accuracy by `{sweep.parameter}`\n",
        f"| data set | {' | '.join(labels)} |",
        "|---|" + "---|" * len(labels),
    ]
    curves: dict[str, list[float]] = {}
    for recipe, results in rows:
        means = sweep_means(recipe, results)
        cells = ["not run" if m is None else f"{100 * m:.1f}" for m in means]
        lines.append(f"| {_row_title(recipe)} | {' | '.join(cells)} |")
        if recipe.sweep and recipe.sweep.values == sweep.values and None not in means:
            curves[recipe.name] = [m for m in means if m is not None]
    lines += ["", f"Recipes: {', '.join(f'`{recipe.name}`' for recipe, _ in rows)}."]
    if sweep.selected is not None:
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
        chosen = f"Eq. 21 selects {_value_text(relative_accuracy_selection(values, curves))}"
    return f"{chosen}; the paper, on its own data sets, selects {_value_text(published)}."


def _row_title(recipe: Recipe) -> str:
    rows = f", {recipe.data.limit:,} rows" if recipe.data.limit else ""
    return f"{recipe.dataset}{rows}"


def _value_text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "-".join(str(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
