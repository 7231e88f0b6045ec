"""What the pictures of a recipe show, handed to whoever draws.

`quantal.report` draws, and it comes after this unit, so the caller passes that module in (the
command line does); everything here can be tested without a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..errors import DataError
from .recipe import Recipe
from .record import Record
from .run import FittedRun
from .seed_result import SeedResult
from .stage_figures import purity_picture, stages_picture
from .sweep_tables import MEASURES, panel_name, series_name, sweep_means, value_text
from .verdict import finished_results


class Drawing(Protocol):
    """The part of `quantal.report` that pictures need; the module itself fits."""

    @property
    def cluster_grid(self) -> Callable[..., Any]:
        """Images and labels to a picture."""

    @property
    def scatter_regions(self) -> Callable[..., Any]:
        """Region panels to a picture."""

    @property
    def RegionPanel(self) -> Callable[..., Any]:
        """Points, and the function that assigns the plane to clusters."""

    @property
    def curves(self) -> Callable[..., Any]:
        """Curve panels to a picture."""

    @property
    def CurvePanel(self) -> Callable[..., Any]:
        """Named curves over one parameter."""

    @property
    def scatter_space(self) -> Callable[..., Any]:
        """Points in three dimensions to a picture."""

    @property
    def SpacePanel(self) -> Callable[..., Any]:
        """Points and their clusters."""

    @property
    def save_image(self) -> Callable[[Any, Path], Any]:
        """Write a picture."""


def draw_picture(recipe: Recipe, runs: Sequence[FittedRun], path: Path, drawing: Drawing) -> None:
    """Draw the grid, the regions or the stages of the recipe's first seed.

    Args:
        recipe: one with such a picture.
        runs: the fitted runs of the first seed.
        path: the PNG to write; the purity of neighbourhoods, which comes with the stages, is
            named ``*-purity``.
        drawing: who draws, `quantal.report`.

    Raises:
        DataError: if there is no run to show, or its rows are of the wrong kind.
    """
    if recipe.picture is None or not runs:
        raise DataError(f"{recipe.name}: the picture needs a fitted run; run the first seed again.")
    if recipe.picture.kind == "stages":
        drawing.save_image(stages_picture(runs[0], drawing), path)
        purity = path.with_name(f"{path.stem}-purity{path.suffix}")
        drawing.save_image(purity_picture(recipe, runs[0], drawing), purity)
        return
    draw = _draw_regions if recipe.picture.kind == "regions" else _draw_grid
    drawing.save_image(draw(recipe, runs, drawing), path)


def draw_panel(
    swept: Sequence[tuple[Recipe, Record[SeedResult]]], path: Path, drawing: Drawing
) -> None:
    """Draw the curves of one panel, one for each data set (IMSAT Fig. 4, JULE Figs. 1, 2 and 4).

    Scores share a picture; seconds get one of their own, named ``*-seconds``.

    Args:
        swept: recipes of the panel with their records.
        path: the PNG to write.
        drawing: who draws, `quantal.report`.
    """
    sweep = swept[0][0].sweep
    assert sweep is not None  # callers pass sweeps only
    scores = [measure for measure in sweep.measures if measure != "seconds"]
    if scores:
        panels = [_curve_panel(swept, measure, drawing) for measure in scores]
        drawing.save_image(drawing.curves(panels, y_range=(0.0, 1.0)), path)
    if "seconds" in sweep.measures:
        image = drawing.curves(_curve_panel(swept, "seconds", drawing))
        drawing.save_image(image, path.with_name(f"{path.stem}-seconds{path.suffix}"))


def _curve_panel(
    swept: Sequence[tuple[Recipe, Record[SeedResult]]], measure: str, drawing: Drawing
) -> Any:
    recipes = [recipe for recipe, _ in swept]
    sweep = recipes[0].sweep
    assert sweep is not None
    numbers, name = _are_numbers(sweep.values), MEASURES.get(measure, measure)
    return drawing.CurvePanel(
        series={
            series_name(recipe, recipes): sweep_curve(recipe, record, measure)
            for recipe, record in swept
        },
        title=panel_name(recipes[0]) + (f": {name}" if len(sweep.measures) > 1 else ""),
        x_label=sweep.parameter,
        y_label=name,
        log2_x=numbers and _spread(sweep.values) >= 8,
        log_y=measure == "seconds",
        x_names=() if numbers else [value_text(value) for value in sweep.values],
        mark_x=() if sweep.selected is None else (sweep.selected,),
    )


def sweep_curve(
    recipe: Recipe, record: Record[SeedResult], measure: str = "accuracy"
) -> tuple[list[float], list[float]]:
    """Swept values and means, of those values that have finished runs.

    Args:
        recipe: one with a sweep over numbers, or over tables, which are counted from 0.
        record: its record.
        measure: one of `Sweep.measures`.

    Raises:
        DataError: if the recipe sweeps nothing, or neither numbers nor tables.
    """
    if recipe.sweep is None:
        raise DataError(f"{recipe.name}: a curve needs a [sweep].")
    values: Sequence[Any] = recipe.sweep.values
    if all(isinstance(value, Mapping) for value in values):
        values = range(len(values))
    if not _are_numbers(values):
        raise DataError(f"{recipe.name}: a curve needs numbers in sweep.values.")
    means = sweep_means(recipe, finished_results(recipe, record), measure)
    pairs = [(float(v), m) for v, m in zip(values, means, strict=True) if m is not None]
    return [v for v, _ in pairs], [m for _, m in pairs]


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


def _spread(values: Sequence[Any]) -> float:
    """How many times the largest value is the smallest; 0 where one is not above 0."""
    return max(values) / min(values) if min(values) > 0 else 0.0


def _draw_grid(recipe: Recipe, runs: Sequence[FittedRun], drawing: Drawing) -> Any:
    """Random members of random clusters, one cluster a row (IMSAT Fig. 2)."""
    run, picture = runs[0], recipe.picture
    assert picture is not None
    if run.data.image_shape is None:
        raise DataError(f"{recipe.name}: a grid shows images, but the rows are not images.")
    images = np.asarray(run.data.rows).reshape(-1, *run.data.image_shape)
    labels = np.asarray(run.estimator.labels_)
    rng = np.random.default_rng(run.seed)
    clusters = np.sort(rng.permutation(np.unique(labels))[: picture.rows]).tolist()
    return drawing.cluster_grid(
        images, labels, generator=rng, clusters=clusters, n_columns=picture.columns
    )


def _draw_regions(recipe: Recipe, runs: Sequence[FittedRun], drawing: Drawing) -> Any:
    """The plane coloured by cluster, one panel a swept value (IMSAT Fig. 5)."""
    panels = []
    for run in runs:
        points = np.asarray(run.data.rows, dtype=np.float32)
        if points.ndim != 2 or points.shape[1] != 2:
            raise DataError(
                f"{recipe.name}: regions need rows with 2 columns, got shape {points.shape}."
            )
        panels.append(
            drawing.RegionPanel(
                points=points,
                region_of=_regions_of(run.estimator),
                labels=np.asarray(run.estimator.labels_),
                title=_panel_title(recipe, run.value),
            )
        )
    return drawing.scatter_regions(panels)


def _regions_of(estimator: Any) -> Callable[[Any], Any]:
    return lambda places: estimator.predict(np.asarray(places, dtype=np.float32))


def _panel_title(recipe: Recipe, value: Any) -> str:
    if value is None:
        return recipe.title
    text = "-".join(str(v) for v in value) if isinstance(value, (list, tuple)) else str(value)
    return f"{recipe.title}, {text}"
