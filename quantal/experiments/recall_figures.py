"""Recall against retrieved rows, and reconstruction against examples seen, as pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from .figures import Drawing
from .recall_recipe import DEPTHS
from .recall_tables import RecallRow, examples_seen, shown_error

NEIGHBORS = "10"  # K of the drawn curves
Series = dict[str, tuple[list[float], list[float]]]


def draw_recall(
    rows: Sequence[RecallRow], titles: Iterable[str], folder: str | Path, drawing: Drawing
) -> None:
    """Draw the curves of data sets from the records of all their recipes.

    Each data set gets up to three pictures in ``folder``: Recall 10@N by symmetric and by
    asymmetric search, one panel a length of codes, and the error against examples seen.

    Args:
        rows: every recipe with its record.
        titles: of the data sets to draw.
        folder: where the pictures go.
        drawing: who draws, `quantal.report`.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    for title in titles:
        mine = [row for row in rows if row.recipe.dataset == title and row.counted]
        plain = [row for row in mine if row.recipe.budget is None]
        stem = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        for side in ("symmetric", "asymmetric"):
            panels = {n: _recall_series(plain, n, side) for n in _lengths(plain)}
            labels = ("retrieved", f"Recall {NEIGHBORS}@N, {side}")
            _draw(panels, Path(folder) / f"{stem}-{side}.png", labels, drawing, (0.0, 1.0))
        budgets = [row for row in mine if row.recipe.budget is not None]
        panels = {n: _error_series(budgets, n) for n in _lengths(budgets)}
        labels = ("examples seen", "half squared error")
        _draw(panels, Path(folder) / f"{stem}-reconstruction.png", labels, drawing, None)


def _lengths(rows: Sequence[RecallRow]) -> list[int]:
    return sorted({result.n_bits for row in rows for result in row.counted})


def _recall_series(rows: Sequence[RecallRow], n_bits: int, side: str) -> Series:
    series: Series = {}
    for row in rows:
        found = [getattr(r, side) for r in row.at(n_bits)]
        curves = [scores.curves[NEIGHBORS] for scores in found if scores is not None]
        if curves:
            mean = np.mean(curves, axis=0).tolist()
            series[row.recipe.title] = ([float(n) for n in DEPTHS[: len(mean)]], mean)
    return series


def _error_series(rows: Sequence[RecallRow], n_bits: int) -> Series:
    series: Series = {}
    for row in rows:
        points = []
        for step, seen in examples_seen(row).items():
            errors = [e for r in row.at(n_bits, step) if (e := shown_error(r)) is not None]
            if errors and seen is not None:
                points.append((float(seen), float(np.mean(errors))))
        if points:
            series[row.recipe.title] = ([x for x, _ in points], [y for _, y in points])
    return series


def _draw(
    panels: dict[int, Series],
    path: Path,
    labels: tuple[str, str],
    drawing: Drawing,
    y_range: tuple[float, float] | None,
) -> None:
    plots = [
        drawing.CurvePanel(
            series=series,
            title=f"{n_bits} bits",
            x_label=labels[0],
            y_label=labels[1],
            log2_x=True,
        )
        for n_bits, series in panels.items()
        if series
    ]
    if plots:
        drawing.save_image(drawing.curves(plots, n_columns=2, y_range=y_range), path)
