"""Which queries have a score, and which depths a ranking has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, ParameterError, require_range
from .histograms import DistanceHistograms


def require_depth(name: str, depth: int, histograms: DistanceHistograms) -> None:
    """Raise ParameterError unless ``depth`` is a rank that the gallery has."""
    require_range(name, depth, low=1, integer=True)
    if depth > histograms.n_codes:
        raise ParameterError(
            f"{name} must be at most {histograms.n_codes}, the size of the gallery, got {depth}. "
            f"Pass a smaller {name} or a larger gallery."
        )


def scored(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values of the queries that have one, or raise DataError if none has."""
    found = values[~np.isnan(values)]
    if len(found) == 0:
        raise DataError(
            f"none of the {len(values)} queries has a relevant code in the gallery, so average "
            "precision and recall are not defined. Check that labels and codes belong together."
        )
    return found
