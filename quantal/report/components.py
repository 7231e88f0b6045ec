"""Rows as points in space, coloured by cluster, one panel a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from ..errors import DataError, require_extra, require_range
from .figure import panels, picture
from .palette import palette


@dataclass(frozen=True)
class SpacePanel:
    """One plot of `scatter_space`.

    Attributes:
        points: (n, 3), such as the first three principal components.
        labels: (n,) integers, which give the colours; the commonest has the first one.
        title: written above the plot.
    """

    points: ArrayLike
    labels: ArrayLike
    title: str = ""


def scatter_space(
    plots: SpacePanel | Sequence[SpacePanel], *, n_columns: int = 3, size: float = 3.0
) -> Image.Image:
    """Draw points in three dimensions, one panel after another.

    Args:
        plots: one panel or several.
        n_columns: panels in a row.
        size: area of a point, in square points of 1/72 inch.

    Returns:
        An RGB picture.

    Raises:
        DataError: points are not (n, 3) and finite, or labels do not fit.
        MissingExtraError: matplotlib is not installed.

    Source:
        Figures 6 and 7 of the supplement of Yang, Parikh, Batra 2016 (JULE).
    """
    chosen = [plots] if isinstance(plots, SpacePanel) else list(plots)
    require_range("the number of panels", len(chosen), low=1)
    require_range("n_columns", n_columns, low=1, integer=True)
    require_range("size", size, low=0, low_open=True)
    require_extra("mpl_toolkits.mplot3d", "report")
    figure, axes, _ = panels(len(chosen), n_columns, (3.2, 3.2), subplot_kw={"projection": "3d"})
    for axis, plot in zip(axes, chosen, strict=True):
        points, labels = np.asarray(plot.points, np.float64), np.asarray(plot.labels)
        _require_points(points, labels)
        names, index, counts = np.unique(labels, return_inverse=True, return_counts=True)
        rank = np.empty(len(names), np.int64)
        rank[np.argsort(-counts, kind="stable")] = np.arange(len(names))
        colors = np.asarray(palette(len(names)))[rank[index]] / 255
        axis.scatter(*points.T, s=size, c=colors, linewidths=0, depthshade=False)
        axis.set_title(plot.title, fontsize=10, color="#1c1e24")
        axis.set_box_aspect(None, zoom=1.15)
        axis.set(xticklabels=[], yticklabels=[], zticklabels=[])
    return picture(figure)


def _require_points(points: np.ndarray, labels: np.ndarray) -> None:
    if points.ndim != 2 or points.shape[1] != 3 or not len(points):
        raise DataError(f"points must have shape (n, 3), got {points.shape}.")
    if not np.isfinite(points).all():
        raise DataError("points contain nan or infinite values; leave them out.")
    if labels.shape != (len(points),) or labels.dtype.kind not in "biu":
        raise DataError(
            f"labels must be {len(points)} integers, got {labels.dtype} of shape {labels.shape}."
        )
