"""Panels of plots, drawn by matplotlib without its global state, as a Pillow picture."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from ..errors import require_extra

_DPI = 150
_LINE = "#c9ccd3"
_INK = "#1c1e24"


def panels(
    n_panels: int, n_columns: int, size: tuple[float, float], **shared: Any
) -> tuple[Any, list[Any], list[Any]]:
    """Return a figure, ``n_panels`` axes of ``size`` inches in rows, and the places left empty."""
    require_extra("matplotlib", "report")
    module: ModuleType = require_extra("matplotlib.figure", "report")
    n_columns = min(n_columns, n_panels)
    n_rows = math.ceil(n_panels / n_columns)
    inches = (size[0] * n_columns, size[1] * n_rows)
    figure = module.Figure(figsize=inches, dpi=_DPI, layout="constrained", facecolor="white")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.1)
    axes = figure.subplots(n_rows, n_columns, squeeze=False, **shared).ravel()
    for unused in axes[n_panels:]:
        unused.set_axis_off()
    for axis in axes[:n_panels]:
        axis.spines[:].set_color(_LINE)
        axis.tick_params(colors=_INK, color=_LINE, labelsize=9)
    return figure, list(axes[:n_panels]), list(axes[n_panels:])


def picture(figure: Any) -> Image.Image:
    """Draw the figure and return it as an RGB picture."""
    agg = require_extra("matplotlib.backends.backend_agg", "report")
    canvas = agg.FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.array(canvas.buffer_rgba())).convert("RGB")
