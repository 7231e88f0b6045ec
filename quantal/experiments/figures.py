"""What the pictures of a recipe show, handed to whoever draws.

`quantal.report` draws, and it comes after this unit; so the caller passes it in (the command line
does), and everything here can be tested without a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .recipe import Recipe
from .record import Record
from .run import FittedRun
from .sweep_tables import sweep_means
from .verdict import finished_results


class Drawing(Protocol):
    """The functions of `quantal.report` that pictures need; the module itself fits."""

    def cluster_grid(self, path: Path, images: NDArray[Any]) -> None:
        """Write (rows, columns, h, w) images as one grid."""

    def scatter_regions(self, path: Path, panels: Sequence[Regions]) -> None:
        """Write one panel for each plane of clusters."""

    def curves(
        self,
        path: Path,
        curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
        x_label: str,
        y_label: str,
    ) -> None:
        """Write named (x, y) curves over a logarithmic x."""


@dataclass(frozen=True)
class Regions:
    """Points in the plane and the cluster that every place of it belongs to.

    Attributes:
        title: what the panel is called.
        points: (n, 2) the rows.
        labels: (n,) their clusters.
        plane: (resolution, resolution) cluster at each place, row 0 at the lowest y.
        extent: (x_min, x_max, y_min, y_max) of ``plane``.
    """

    title: str
    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    plane: NDArray[np.int64]
    extent: tuple[float, float, float, float]


def draw_picture(recipe: Recipe, runs: Sequence[FittedRun], path: Path, drawing: Drawing) -> None:
    """Draw a grid or regions of the recipe's first seed.

    Args:
        recipe: one with such a picture.
        runs: the fitted runs of the first seed.
        path: the PNG to write; its folder is made if need be.
        drawing: who draws.

    Raises:
        DataError: if there is no run to show.
    """
    picture = recipe.picture
    if picture is None or not runs:
        raise DataError(f"{recipe.name}: the picture needs a fitted run; run the first seed again.")
    path.parent.mkdir(parents=True, exist_ok=True)
    if picture.kind == "regions":
        drawing.scatter_regions(path, [cluster_regions(recipe, run) for run in runs])
    else:
        rng = np.random.default_rng(runs[0].seed)
        drawing.cluster_grid(path, grid_images(runs[0], picture.rows, picture.columns, rng))


def draw_panel(swept: Sequence[tuple[Recipe, Record]], path: Path, drawing: Drawing) -> None:
    """Draw the accuracy curves of one panel, one for each data set (IMSAT Fig. 4).

    Args:
        swept: recipes of the panel with their records.
        path: the PNG to write; its folder is made if need be.
        drawing: who draws.
    """
    curves = {recipe.dataset: sweep_curve(recipe, record) for recipe, record in swept}
    sweep = swept[0][0].sweep
    assert sweep is not None  # callers pass sweeps only
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.curves(path, curves, sweep.parameter, "accuracy")


def grid_images(
    run: FittedRun, n_rows: int, n_columns: int, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Random members of random clusters, one cluster a row (IMSAT Fig. 2).

    Args:
        run: a fitted run on images.
        n_rows: clusters; fewer if fewer have members.
        n_columns: members of each; clusters with fewer are filled up with the lowest pixel value.
        generator: draws both.

    Returns:
        (rows, columns, h, w) float32, pixels as the estimator saw them.

    Raises:
        DataError: if the rows are not images.
    """
    if run.data.image_shape is None:
        raise DataError("A grid shows images, but the rows of this recipe are not images.")
    images = np.asarray(run.data.rows).reshape(-1, *run.data.image_shape)
    labels = np.asarray(run.estimator.labels_)
    alive = np.unique(labels)
    chosen = generator.permutation(alive)[:n_rows]
    grid = np.full((len(chosen), n_columns, *images.shape[1:]), images.min(), dtype=np.float32)
    for row, label in zip(grid, np.sort(chosen), strict=True):
        members = generator.permutation(np.flatnonzero(labels == label))[:n_columns]
        row[: len(members)] = images[members]
    return grid


def cluster_regions(recipe: Recipe, run: FittedRun, resolution: int = 200) -> Regions:
    """The plane around two-dimensional rows, coloured by the fitted network (IMSAT Fig. 5).

    Args:
        recipe: for the title.
        run: a fitted run whose rows have two columns.
        resolution: places along each side.

    Raises:
        DataError: if the rows are not in the plane.
    """
    points = np.asarray(run.data.rows, dtype=np.float32)
    if points.ndim != 2 or points.shape[1] != 2:
        raise DataError(f"Regions need rows with 2 columns, got shape {points.shape}.")
    (x_low, y_low), (x_high, y_high) = points.min(0) - 0.3, points.max(0) + 0.3
    x, y = np.linspace(x_low, x_high, resolution), np.linspace(y_low, y_high, resolution)
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    plane = np.asarray(run.estimator.predict(places)).reshape(resolution, resolution)
    value = "-".join(str(v) for v in run.value) if isinstance(run.value, list) else run.value
    return Regions(
        title=recipe.title if value is None else f"{recipe.title}, {value}",
        points=points,
        labels=np.asarray(run.estimator.labels_),
        plane=plane,
        extent=(float(x_low), float(x_high), float(y_low), float(y_high)),
    )


def sweep_curve(recipe: Recipe, record: Record) -> tuple[list[float], list[float]]:
    """Swept values and mean accuracies, those that have finished runs (IMSAT Fig. 4).

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
