"""Rows that are no images: vectors as small bar charts, and in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BARS = 48
HEIGHT = 40
STEP = 4  # units from one bar to the next


def bars(vector: NDArray[Any]) -> dict[str, Any]:
    """Return what draws a vector as bars: up for values above zero, down for those below.

    More than 48 values are shown as 48 means of neighbouring ones.

    Args:
        vector: (d,) finite numbers.

    Returns:
        "path" (of an SVG), "width" and "height" of its box, and "base", where zero is.
    """
    values = np.asarray(vector, np.float64)
    if len(values) > BARS:
        edges = np.linspace(0, len(values), BARS + 1).astype(np.int64)
        values = np.add.reduceat(values, edges[:-1]) / np.diff(edges)
    low, high = min(0.0, float(values.min(initial=0))), max(0.0, float(values.max(initial=0)))
    scale = HEIGHT / (high - low) if high > low else 0.0
    base = round(high * scale, 1)
    path = "".join(
        f"M{STEP * i} {base}v{-value * scale:.1f}h{STEP - 1}V{base}z"
        for i, value in enumerate(values)
    )
    return {"path": path, "width": STEP * len(values), "height": HEIGHT, "base": base}


def statistics(vector: NDArray[Any]) -> str:
    """Describe a vector in words, for those who do not see its bars."""
    values = np.asarray(vector, np.float64)
    return (
        f"{len(values):,} numbers from {values.min():.3g} to {values.max():.3g}, mean "
        f"{values.mean():.3g}"
    )
