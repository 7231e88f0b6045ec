"""The fields of a grid that covers a picture, and sums and counts over them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def field_of(places: NDArray[np.integer[Any]], side: int, n_fields: int) -> NDArray[np.int64]:
    """Return the field that each pixel along a side belongs to.

    Args:
        places: pixels, from 0 to side - 1.
        side: of the picture, pixels, at least n_fields.
        n_fields: fields along it; where they cannot be equal, sides differ by a pixel.
    """
    starts = np.arange(n_fields) * side // n_fields
    found: NDArray[np.int64] = np.searchsorted(starts, places, side="right") - 1
    return found


def field_counts(
    bins: NDArray[np.int64], fields: NDArray[np.int64], n_fields: int, n_bins: int
) -> NDArray[np.float64]:
    """Count bins in each field: (b, ...) -> (b, n_fields * n_bins).

    Args:
        bins: (b, ...) from 0 to n_bins - 1.
        fields: (...) the field of each place.
        n_fields: number of fields.
        n_bins: number of bins.
    """
    pictures = np.arange(len(bins)).reshape(-1, *[1] * fields.ndim)
    keys = (pictures * n_fields + fields) * n_bins + bins
    counts = np.bincount(keys.ravel(), minlength=len(bins) * n_fields * n_bins)
    return counts.reshape(len(bins), -1).astype(np.float64)


def grid_sums(planes: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """Sum (b, c, h, w) planes over the fields of a grid that covers them: (b, c, rows, columns).

    Args:
        planes: any numbers.
        rows: fields from top to bottom, at most h.
        columns: fields from left to right, at most w.
    """
    tops = np.arange(rows) * planes.shape[2] // rows
    lefts = np.arange(columns) * planes.shape[3] // columns
    sums: NDArray[Any] = np.add.reduceat(np.add.reduceat(planes, tops, axis=2), lefts, axis=3)
    return sums


def unit_sums(rows: NDArray[Any]) -> NDArray[Any]:
    """Return rows divided by their sums; rows of zeros stay.

    Args:
        rows: (..., m) numbers >= 0.
    """
    sums = rows.sum(axis=-1, keepdims=True)
    unit: NDArray[Any] = np.divide(rows, sums, out=np.zeros_like(rows), where=sums > 0)
    return unit
