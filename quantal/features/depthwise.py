"""Every channel of a picture filtered by a kernel of its own, compiled by numba."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray


def filtered_channels(
    x: NDArray[np.float32],
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
    stride: int,
    first: tuple[int, int],
    shape: tuple[int, int],
) -> NDArray[np.float32]:
    """Filter each channel, add its bias and bound the result to [0, 6].

    Args:
        x: (b, h, w, c), contiguous; zeros lie around it.
        weight: (kernel, kernel, c).
        bias: (c,).
        stride: pixels of ``x`` from one result to the next.
        first: row and column of ``x`` under the kernel's first number at the first result, <= 0.
        shape: rows and columns of results.

    Returns:
        (b, rows, columns, c) float32.
    """
    out = np.empty((len(x), *shape, x.shape[3]), np.float32)
    _filter(np.ascontiguousarray(x), weight, bias, stride, first[0], first[1], out)
    return out


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _filter(
    x: Any, weight: Any, bias: Any, stride: int, top: int, left: int, out: Any
) -> None:  # pragma: no cover - compiled
    n, rows, columns, channels = out.shape
    kernel = weight.shape[0]
    for b in range(n):
        for i in range(rows):
            for j in range(columns):
                total = out[b, i, j]
                total[:] = bias
                for ki in range(kernel):
                    row = i * stride + top + ki
                    if row < 0 or row >= x.shape[1]:
                        continue
                    for kj in range(kernel):
                        column = j * stride + left + kj
                        if column < 0 or column >= x.shape[2]:
                            continue
                        seen = x[b, row, column]
                        factor = weight[ki, kj]
                        for c in range(channels):
                            total[c] += seen[c] * factor[c]
                for c in range(channels):
                    total[c] = min(max(total[c], np.float32(0)), np.float32(6))
