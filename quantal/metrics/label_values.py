"""Labels as people keep them (integers, strings, tables with gaps) to one typed array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError


def as_labels(values: ArrayLike, name: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return int64 or string labels and the mask of missing ones."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise DataError(
            f"{name} must be a list of labels, one per row, got an array of shape {array.shape}. "
            "Pass .argmax(axis=1) if these are scores or one-hot rows."
        )
    if len(array) == 0:
        raise DataError(f"{name} is empty; scores need at least one row.")
    if array.dtype.kind == "O":
        array, missing = _from_objects(array, name)
    elif array.dtype.kind == "f":
        missing = np.isnan(array)
    else:
        missing = array == "" if array.dtype.kind == "U" else np.zeros(len(array), dtype=bool)
    if array.dtype.kind == "f":
        array = np.where(missing, -1, array)
        if not np.array_equal(array, np.trunc(array)) or not np.isfinite(array).all():
            bad = array[(array != np.trunc(array)) | ~np.isfinite(array)][0]
            raise DataError(
                f"{name} must hold integers or strings, got {bad:g}. "
                "Are these measurements or scores instead of labels?"
            )
    if array.dtype.kind in "fub":
        array = array.astype(np.int64)
    if array.dtype.kind not in "iU":
        raise DataError(f"{name} must hold integers or strings, got values of type {array.dtype}.")
    return array, missing


def _from_objects(array: NDArray[Any], name: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Turn Python objects, as a table reader gives them, into one typed array."""
    missing = np.array([v is None or v == "" or v != v for v in array], dtype=bool)  # noqa: PLR0124
    known = array[~missing].tolist()
    is_text = [isinstance(v, str) for v in known]
    if any(is_text) and not all(is_text):
        raise DataError(f"{name} mixes strings and numbers; use one kind for all rows.")
    filler: Any = "" if any(is_text) else -1
    typed = np.array([filler if m else v for v, m in zip(array.tolist(), missing, strict=True)])
    return typed, missing
