"""One unit for all columns, without moving them: rows then have a mean square of 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from .memory_map import row_chunks
from .preparation import Preparation


def mean_square_preparation(x: Any) -> Preparation:
    """Return the preparation that divides by the root of the mean square of all numbers.

    Zeros stay zeros, and the columns keep their order. A set of zeros stays as it is.

    Args:
        x: (n, d) array, memory map or CSR array without nan or infinity.
    """
    total, count = 0.0, 0
    for _, part in row_chunks(x):
        values = np.asarray(part if isinstance(part, np.ndarray) else part.toarray(), np.float64)
        total, count = total + float(np.square(values).sum()), count + values.size
    unit = float(np.sqrt(total / count)) or 1.0
    d = int(x.shape[1])
    return Preparation("global", np.zeros(d), np.full(d, unit), np.arange(d, dtype=np.int64))
