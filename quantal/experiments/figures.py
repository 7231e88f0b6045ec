"""What the pictures of a recipe show, handed to whoever draws.

`quantal.report` draws, and it comes after this unit, so the caller passes that module in (the
command line does); everything here can be tested without a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..errors import DataError
from .recipe import Recipe
from .record import Record
from .run import FittedRun
from .sweep_tables import panel_name, sweep_means
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
    def save_image(self) -> Callable[[Any, Path], Any]:
        """Write a picture."""


def draw_picture(recipe: Recipe, runs: Sequence[FittedRun], path: Path, drawing: Drawing) -> None:
    """Draw the grid or the regions of the recipe's first seed.

    Args:
        recipe: one with such a picture.
        runs: the fitted runs of the first seed.
        path: the PNG to write.
        drawing: who draws, `quantal.report`.

    Raises:
        DataError: if there is no run to show, or its rows are of the wrong kind.
    """
    if recipe.picture is None or not runs:
        raise DataError(f"{recipe.name}: the picture needs a fitted run; run the first seed again.")
    draw = _draw_regions if recipe.picture.kind == "regions" else _draw_grid
    drawing.save_image(draw(recipe, runs, drawing), path)


def draw_panel(swept: Sequence[tuple[Recipe, Record]], path: Path, drawing: Drawing) -> None:
    """Draw the accuracy curves of one panel, one for each data set (IMSAT Fig. 4).

    Args:
        swept: recipes of the panel with their records.
        path: the PNG to write.
        drawing: who draws, `quantal.report`.
    """
    sweep = swept[0][0].sweep
    assert sweep is not None  # callers pass sweeps only
    panel = drawing.CurvePanel(
        series={recipe.dataset: sweep_curve(recipe, record) for recipe, record in swept},
        title=panel_name(swept[0][0]),
        x_label=sweep.parameter,
        y_label="accuracy",
        log2_x=True,
        mark_x=() if sweep.selected is None else (sweep.selected,),
    )
    drawing.save_image(drawing.curves(panel, y_range=(0.0, 1.0)), path)


def sweep_curve(recipe: Recipe, record: Record) -> tuple[list[float], list[float]]:
    """Swept values and mean accuracies, of those values that have finished runs.

    Args:
        recipe: one with a sweep over numbers.
        record: its record.

    Raises:
        DataError: if the recipe sweeps nothing, or no number.
    """
    if recipe.sweep is None:
        raise DataError(f"{recipe.name}: a curve needs a [sweep].")
    means = sweep_means(recipe, finished_results(recipe, record))
    pairs = [(v, m) for v, m in zip(recipe.sweep.values, means, strict=True) if m is not None]
    if not all(isinstance(v, (int, float)) for v, _ in pairs):
        raise DataError(f"{recipe.name}: a curve needs numbers in sweep.values.")
    return [float(v) for v, _ in pairs], [m for _, m in pairs]


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
