"""Points in the plane over the regions that a model assigns to the plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ..errors import DataError, require_range
from .figure import panels, picture
from .palette import palette, tint

RegionOf = Callable[[NDArray[np.float64]], ArrayLike]


@dataclass(frozen=True)
class RegionPanel:
    """One plot of `scatter_regions`.

    Attributes:
        points: (n, 2).
        region_of: maps (m, 2) positions to (m,) integer regions: clusters or code numbers.
        labels: (n,) integers that colour the points as the regions of the same number; None
            draws all points alike.
        title: written above the plot.
    """

    points: ArrayLike
    region_of: RegionOf
    labels: ArrayLike | None = None
    title: str = ""


def scatter_regions(
    plots: RegionPanel | Sequence[RegionPanel],
    *,
    n_columns: int = 3,
    resolution: int = 400,
    margin: float = 0.08,
) -> Image.Image:
    """Draw points over coloured regions with their boundaries, one panel a model.

    Args:
        plots: one panel or several.
        n_columns: panels in a row.
        resolution: positions along each axis at which ``region_of`` is asked.
        margin: room around the points, as a share of their extent.

    Returns:
        An RGB picture.

    Raises:
        DataError: points are not (n, 2) and finite, or regions and labels do not fit.
        MissingExtraError: matplotlib is not installed.

    Source:
        Figure 5 of Hu et al. 2017 (IMSAT).
    """
    chosen = [plots] if isinstance(plots, RegionPanel) else list(plots)
    require_range("the number of panels", len(chosen), low=1)
    require_range("n_columns", n_columns, low=1, integer=True)
    require_range("resolution", resolution, low=2, integer=True)
    figure, axes, _ = panels(len(chosen), n_columns, (3.4, 3.6))
    for axis, plot in zip(axes, chosen, strict=True):
        _draw(axis, plot, resolution, margin)
    return picture(figure)


def _draw(axis: Any, plot: RegionPanel, resolution: int, margin: float) -> None:
    points = _points(plot.points)
    labels = _integers("labels", plot.labels, len(points)) if plot.labels is not None else None
    x, y = (_ticks(points[:, i], resolution, margin) for i in (0, 1))
    positions = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    regions = _integers("the result of region_of", plot.region_of(positions), len(positions))
    numbers = np.unique(regions if labels is None else np.concatenate([regions, labels]))
    colors = dict(zip(numbers.tolist(), palette(len(numbers)), strict=True))
    pale = np.array([tint(colors[number], 0.28) for number in numbers.tolist()], np.uint8)
    index = np.searchsorted(numbers, regions).reshape(len(y), len(x))
    extent = (x[0], x[-1], y[0], y[-1])
    axis.imshow(pale[index], origin="lower", extent=extent, interpolation="nearest", aspect="auto")
    for i in range(len(numbers)):  # one contour a region: no order among regions is implied
        if 0 < (index == i).mean() < 1:
            axis.contour(x, y, index == i, levels=[0.5], colors="#3a3f4b", linewidths=0.7)
    inks = "#1c1e24" if labels is None else [_hex(colors[label]) for label in labels.tolist()]
    axis.scatter(*points.T, s=14, c=inks, linewidths=0.5, edgecolors="white", zorder=3)
    axis.set(xlim=extent[:2], ylim=extent[2:], xlabel="$x_1$", ylabel="$x_2$")
    axis.set_aspect("equal")
    axis.set_title(plot.title, fontsize=11, loc="left", color="#1c1e24")


def _points(points: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(points, np.float64)
    if values.ndim != 2 or values.shape[1] != 2 or not len(values):
        raise DataError(f"points must have shape (n, 2), got {values.shape}.")
    if not np.isfinite(values).all():
        raise DataError("points contain nan or infinite values; leave them out.")
    return values


def _integers(name: str, values: ArrayLike, n: int) -> NDArray[np.int64]:
    numbers = np.asarray(values)
    if numbers.shape != (n,) or numbers.dtype.kind not in "biu":
        raise DataError(
            f"{name} must be {n} integers, got {numbers.dtype} of shape {numbers.shape}."
        )
    return numbers.astype(np.int64)


def _ticks(values: NDArray[np.float64], resolution: int, margin: float) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    room = margin * (high - low) or 1.0
    return np.linspace(low - room, high + room, resolution)


def _hex(color: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
