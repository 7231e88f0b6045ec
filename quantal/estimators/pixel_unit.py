"""Pixels of 0 to 255 and pixels of 0 to 1, taken for each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data.memory_map import row_chunks
from ..data.preparation import Preparation
from ..errors import DataError

BRIGHTER = 20  # times the fit's level: beyond what images of one unit differ


def require_unit_of_fit(model: Any, x: Any, preparation: Preparation) -> None:
    """Raise DataError for images whose pixels cannot be in the unit of the fit's.

    Two mistakes are told, after which every label would be wrong: pixels of 0 to 1 with fractions
    where the fit had whole numbers, and bytes where it had fractions. Floating-point numbers after
    floating-point numbers are taken as they are: the means of the fit are known, not its range.

    Args:
        model: fitted; one that has read vectors takes any unit.
        x: (n, d) rows.
        preparation: of the fit.
    """
    fitted = np.dtype(model.data_.get("dtype", x.dtype))
    if model.image_shape_ is None or preparation.scaling == "none":
        return
    level = float((preparation.center + preparation.unit).mean())  # up to 1.21 of fractions
    divided = fitted.kind in "iu" and x.dtype.kind == "f" and level > 2 and _are_fractions(x)
    undivided = fitted.kind == "f" and x.dtype == np.uint8 and level < 1.25
    if divided or (undivided and _mean(x) > BRIGHTER * level):
        largest = max(float(part.max()) for _, part in row_chunks(x))
        raise DataError(
            f"X has pixels up to {largest:g}, where those of the fit are near {level:.3g}. Pass "
            "pixels in the fit's unit."
        )


def require_range_of_fit(x: Any, preparation: Preparation) -> None:
    """Raise DataError for pixels whose unit cannot be that of the fit's.

    Pixels of 0 to 255 divided by 255, or the other way round, would all be black or white to the
    network, and every label wrong.

    Args:
        x: (n, d) images as rows.
        preparation: of the fit, whose centre is the lowest pixel and whose unit is the range.
    """
    low, span = float(preparation.center[0]), float(preparation.unit[0])
    largest = max(float(part.max()) for _, part in row_chunks(x))
    divided = x.dtype.kind == "f" and 0 < largest <= 1 and low + span > 100
    if divided or largest > low + 2 * span:
        raise DataError(
            f"X has pixels up to {largest:g}, where those of the fit go up to {low + span:g}. Pass "
            "pixels in the fit's unit."
        )


def _are_fractions(x: Any) -> bool:
    """Tell whether all numbers are in [0, 1] and some are not whole."""
    found = False
    for _, part in row_chunks(x):
        values = part if isinstance(part, np.ndarray) else part.data
        if values.size and not (values.min() >= 0 and values.max() <= 1):
            return False
        found = found or bool((values != np.rint(values)).any())
    return found


def _mean(x: Any) -> float:
    total: float = sum(float(part.sum(dtype=np.float64)) for _, part in row_chunks(x))
    return total / float(x.shape[0] * x.shape[1])
