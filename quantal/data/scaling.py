"""Linear changes of range, one place for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError


def pixels_to_unit_range(x: NDArray[Any]) -> NDArray[np.float32]:
    """Return pixels 0..255 as x / 128 - 1, in [-1, 0.9921875], as IMSAT was run on MNIST.

    Args:
        x: uint8 array of any shape.

    Returns:
        float32 array of the same shape.

    Raises:
        DataError: ``x`` is not uint8, so its range is unknown.

    Source: Hu et al. 2017, arXiv:1702.08720, say "[-1, 1]"; the authors' load_mnist.py divides by
    128, which is exact in float32 and ends at 0.9921875.
    """
    x = np.asarray(x)
    if x.dtype != np.uint8:
        raise DataError(
            f"Pixels must be uint8 (0 to 255), got {x.dtype}. Scale other data with "
            "sklearn.preprocessing.MinMaxScaler(feature_range=(-1, 1))."
        )
    scaled = x.astype(np.float32)
    scaled /= 128.0
    scaled -= 1.0
    return scaled
