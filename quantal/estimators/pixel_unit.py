"""Pixels of 0 to 255 and pixels of 0 to 1, taken for each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data.memory_map import row_chunks
from ..data.preparation import Preparation
from ..errors import DataError

INTEGERS = "biu"  # kinds of NumPy types


def require_unit_of_fit(model: Any, x: Any, preparation: Preparation) -> None:
    """Raise DataError for images whose pixels cannot be in the unit of the fit's.

    Only whole numbers after fractions and fractions after whole numbers are looked at: pixels that
    somebody divided by 255, or forgot to divide, of which every label would be wrong.

    Args:
        model: fitted; one that has read vectors takes any unit.
        x: (n, d) rows.
        preparation: of the fit.
    """
    was_whole = np.dtype(model.data_["dtype"]).kind in INTEGERS
    is_whole = x.dtype.kind in INTEGERS
    if model.image_shape_ is None or was_whole == is_whole or preparation.scaling == "none":
        return
    level = float((preparation.center + preparation.unit).mean())  # up to 1.21 of fractions
    largest = max(float(part.max()) for _, part in row_chunks(x))
    divided = was_whole and 0 < largest <= 1 and level > 2
    if divided or (is_whole and largest > 2 and level < 1.25):
        raise DataError(
            f"X has pixels up to {largest:g}, where those of the fit are near {level:.3g}. Pass "
            "pixels in the fit's unit."
        )
