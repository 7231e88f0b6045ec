"""Scores against a swept parameter, one line a data set, one panel a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from ..errors import DataError, require_range
from .figure import panels, picture
from .palette import palette

_LEGEND_INCHES = 2.0
_MARKERS = "osD^vPX*"
_MOST_TICKS = 12  # labels of a logarithmic axis
_MOST_MARKED = 16  # points of a line beyond which markers hide it


@dataclass(frozen=True)
class CurvePanel:
    """One plot of `curves`.

    Attributes:
        series: name -> (x, y), two sequences of one length; nan in y leaves a gap.
        title: written above the plot.
        x_label: what x is, with its unit.
        y_label: what y is, with its unit.
        log2_x: a logarithmic axis with base 2, its ticks at values of x that are not too close.
        log_y: a logarithmic axis of y with base 10.
        x_names: names of x = 0, 1, 2, ... at the axis, where x are no numbers.
        mark_x: values of x to mark by a vertical line, as the chosen parameter.
    """

    series: Mapping[str, tuple[ArrayLike, ArrayLike]]
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    log2_x: bool = False
    log_y: bool = False
    x_names: Sequence[str] = field(default_factory=tuple)
    mark_x: Sequence[float] = field(default_factory=tuple)


def curves(
    plots: CurvePanel | Sequence[CurvePanel],
    *,
    n_columns: int = 3,
    y_range: tuple[float, float] | None = None,
) -> Image.Image:
    """Draw lines with markers; a name has one colour and marker in all panels.

    Args:
        plots: one panel or several.
        n_columns: panels in a row.
        y_range: lowest and highest y of all panels; None fits them to all lines together.

    Returns:
        An RGB picture with one legend.

    Raises:
        DataError: x and y of a line differ in length, are empty, or do not suit the axis.
        MissingExtraError: matplotlib is not installed.

    Source:
        Figure 4 of Hu et al. 2017 (IMSAT).
    """
    chosen = [plots] if isinstance(plots, CurvePanel) else list(plots)
    require_range("the number of panels", len(chosen), low=1)
    require_range("n_columns", n_columns, low=1, integer=True)
    names = list(dict.fromkeys(name for plot in chosen for name in plot.series))
    colors = dict(zip(names, palette(len(names)), strict=True))
    figure, axes, empty = panels(len(chosen), n_columns, (4.2, 3.3), sharey=True)
    lines: dict[str, Any] = {}
    for axis, plot in zip(axes, chosen, strict=True):
        for name, (x, y) in plot.series.items():
            xs, ys = _line(name, x, y, plot.log2_x)
            color = tuple(value / 255 for value in colors[name])
            marker = _MARKERS[names.index(name) % len(_MARKERS)] if len(xs) <= _MOST_MARKED else ""
            lines[name] = axis.plot(
                xs, ys, color=color, marker=marker, markersize=4.5, linewidth=1.6, label=name
            )[0]
        _label(axis, plot)
    if y_range is not None:
        axes[0].set_ylim(*y_range)
    if len(names) > 1 and empty:
        empty[0].legend(lines.values(), lines, loc="center left", frameon=False, fontsize=10)
    elif len(names) > 1:
        width, height = figure.get_size_inches()
        figure.set_size_inches(width + _LEGEND_INCHES, height)  # the panels keep their width
        figure.legend(lines.values(), lines, loc="outside right upper", frameon=False, fontsize=10)
    return picture(figure)


def _line(
    name: str, x: ArrayLike, y: ArrayLike, log2_x: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if xs.ndim != 1 or xs.shape != ys.shape or not len(xs):
        raise DataError(
            f"{name!r} needs as many x as y, at least one, got {xs.shape} and {ys.shape}."
        )
    if not np.isfinite(xs).all() or (log2_x and not (xs > 0).all()):
        raise DataError(
            f"x of {name!r} must be finite{', and above 0 on a logarithmic axis' * log2_x}, "
            f"got {xs.min():g} to {xs.max():g}."
        )
    order = np.argsort(xs, kind="stable")
    return xs[order], ys[order]


def _label(axis: Any, plot: CurvePanel) -> None:
    axis.set_title(plot.title, fontsize=11, loc="left", color="#1c1e24")
    axis.set_xlabel(plot.x_label, fontsize=10)
    if axis.get_subplotspec().is_first_col():  # all panels share y
        axis.set_ylabel(plot.y_label, fontsize=10)
    axis.grid(visible=True, color="#eceef2", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    if plot.log_y:
        axis.set_yscale("log")
    if plot.x_names:
        axis.set_xticks(range(len(plot.x_names)), list(plot.x_names))
        for label in axis.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    for x in plot.mark_x:
        axis.axvline(x, color="#8a8f9c", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    if plot.log2_x:
        axis.set_xscale("log", base=2)
        values = np.unique(np.concatenate([np.asarray(x, float) for x, _ in plot.series.values()]))
        ticks = _apart(values)
        axis.set_xticks(ticks, [f"{x:,.0f}" if x == int(x) else f"{x:g}" for x in ticks])
        axis.tick_params(axis="x", rotation=45)
        axis.minorticks_off()


def _apart(values: NDArray[np.float64]) -> list[float]:
    """Return those of rising positive values whose labels have room on a logarithmic axis."""
    least = np.ptp(np.log2(values)) / (_MOST_TICKS - 1)
    kept = [float(values[0])]
    for value in values[1:]:
        if np.log2(value / kept[-1]) >= least:
            kept.append(float(value))
    return kept
