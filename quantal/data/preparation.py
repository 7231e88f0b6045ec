"""Bringing rows to one centre, one unit and one column order before a network sees them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, ScaleWarning, require_choice
from .memory_map import row_chunks

SCALINGS = ("global", "columns", "none")
DOMINANT_SHARE = 0.99
MANTISSA = np.uint64(0xFFFF_FFFF_FFFF_FFFF << 36 & 0xFFFF_FFFF_FFFF_FFFF)  # 16 bits of 52
HALF = np.uint64(1 << 35)


@dataclass(frozen=True, eq=False)
class Preparation:
    """A per-column shift, a unit and an order of the columns, learnt from data.

    ``scaling="global"`` centres every column and divides by one number, the root of the mean
    column variance; with a canonical column order and rounding to 16 bits of mantissa, data that
    were multiplied by a constant, shifted or had their columns permuted come out the same.
    ``"columns"`` divides each column by its own standard deviation, for columns whose units have
    nothing to do with each other. ``"none"`` passes the rows as they are, as the papers' recipes
    need.

    Attributes:
        scaling: "global", "columns" or "none".
        center: Column means, shape (d,), float64; zeros for "none".
        unit: Column units, shape (d,), float64, > 0; ones for "none".
        order: Numbers of the columns in canonical order, shape (d,), int64.
    """

    scaling: str
    center: NDArray[np.float64]
    unit: NDArray[np.float64]
    order: NDArray[np.int64]

    def __call__(self, rows: Any) -> NDArray[np.float32]:
        """Prepare ``rows``, shape (n, d), dense or sparse, any numeric dtype."""
        dense = np.asarray(rows) if isinstance(rows, np.ndarray) else rows.toarray()
        if self.scaling == "none":
            return np.ascontiguousarray(dense, dtype=np.float32)
        scaled = np.take(dense, self.order, axis=1).astype(np.float64, copy=False)  # own rows
        scaled -= self.center
        scaled /= self.unit
        return _rounded(scaled).astype(np.float32)


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round in place to 16 bits of mantissa, so that a rescaling's last-bit noise goes."""
    bits = values.view(np.uint64)
    bits += HALF
    bits &= MANTISSA
    return values


def learn_preparation(x: Any, scaling: str, *, keep_order: bool = False) -> Preparation:
    """Learn a preparation from rows in two streaming passes.

    Args:
        x: (n, d) array, memory map or CSR array without nan or infinity.
        scaling: see `Preparation`.
        keep_order: leave the columns where they are (images have a layout).

    Raises:
        ParameterError: Unknown scaling.
        DataError: No column varies.
    """
    require_choice("scaling", scaling, SCALINGS)
    n, d = x.shape
    natural = np.arange(d)
    if scaling == "none":
        return Preparation(scaling, np.zeros(d), np.ones(d), natural)
    mean: NDArray[np.float64] = sum(chunk.sum(axis=0) for _, chunk in _dense_chunks(x)) / n
    variance, key = np.zeros(d), np.zeros(d)
    weights = np.random.default_rng(0)  # a fixed hash of the columns, not a random choice
    for _, chunk in _dense_chunks(x):
        centred = chunk - mean
        variance += np.square(centred).sum(axis=0)
        key += weights.standard_normal(len(chunk)) @ centred
    variance /= n
    unit = _units(variance, scaling)
    if scaling == "global":
        _warn_of_dominant_column(variance)
    order = natural if keep_order else np.argsort(-key / unit, kind="stable")
    return Preparation(scaling, mean[order], unit[order], order)


def _warn_of_dominant_column(variance: NDArray[np.float64]) -> None:
    share = float(variance.max() / variance.sum())
    if share > DOMINANT_SHARE and np.count_nonzero(variance) > 1:
        warnings.warn(
            f"Column {int(variance.argmax())} holds {100 * share:.1f} % of the variance of "
            f"{len(variance)} columns, so it alone decides the clusters. If the columns have "
            "different units, pass scaling='columns' (--set scaling=columns).",
            ScaleWarning,
            stacklevel=5,
        )


def _units(variance: NDArray[np.float64], scaling: str) -> NDArray[np.float64]:
    typical = math.sqrt(float(variance.mean()))
    if not (typical > 0 and math.isfinite(typical)):
        raise DataError(
            f"X has a mean column variance of {typical:g}, so nothing can be told apart. Pass "
            "columns that vary, with values between 1e-150 and 1e150."
        )
    if scaling == "global":
        return np.full(len(variance), typical)
    deviation = np.sqrt(variance)
    return np.where(deviation > 1e-9 * typical, deviation, typical)


def _dense_chunks(x: Any) -> Iterator[tuple[int, NDArray[np.float64]]]:
    for start, chunk in row_chunks(x):
        dense = np.asarray(chunk) if isinstance(chunk, np.ndarray) else chunk.toarray()
        yield start, dense.astype(np.float64)
