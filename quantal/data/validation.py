"""The checks that every row passes before anything learns from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import DataError
from .memory_map import row_chunks

LABEL_NAMES = frozenset(
    {"y", "y_train", "y_test", "label", "labels", "target", "targets", "class", "classes", "split"}
)


def require_usable_rows(
    x: Any, *, n_min: int = 2, what: str = "X", known_finite: bool = False
) -> None:
    """Raise DataError unless ``x`` is rows of finite numbers that differ from each other.

    Memory maps are read in chunks whose pages are released, so resident memory stays flat.
    Constant columns and duplicate rows are ordinary data and pass.

    Args:
        x: (n, d), (n, h, w) or (n, h, w, c) array or memory map, or (n, d) SciPy sparse array.
        n_min: Fewest rows allowed. With 1 (prediction) all rows may be identical.
        what: What messages call the data: "X", or a file's name.
        known_finite: Do not look for NaN and infinity, which takes a pass over floats.

    Raises:
        DataError: Wrong rank or dtype, too few rows, no column, NaN, infinity, or no two rows
            that differ. The message holds the first place and the count.
    """
    _require_numbers(x, what)
    _require_shape(x, n_min, what)
    if known_finite:
        pass
    elif sp.issparse(x):
        _require_finite_sparse(x, what)
    elif x.dtype.kind == "f":
        _require_finite(x, what)
    if n_min >= 2 and rows_are_identical(x):
        raise DataError(
            f"{what}: all {x.shape[0]} rows are identical, so there is nothing to tell apart. "
            "Check how the file was written, or pass rows that differ."
        )


def _require_numbers(x: Any, what: str) -> None:
    if x.dtype.kind == "c":
        raise DataError(
            f"Complex data not supported: {what} has dtype {x.dtype}. "
            "Pass real and imaginary parts as separate columns."
        )
    if x.dtype.kind not in "biuf":
        raise DataError(
            f"{what} has dtype {x.dtype}, but rows must be numbers "
            "(booleans, integers or floats). Convert it, for example with .astype('float32')."
        )


def _require_shape(x: Any, n_min: int, what: str) -> None:
    shape = tuple(int(size) for size in x.shape)
    if len(shape) < 2:
        raise DataError(
            f"{what} must have one row per sample, shape (n, d), (n, h, w) or (n, h, w, 3), "
            f"got shape {shape}. Reshape your data: .reshape(-1, 1) for one column, "
            ".reshape(1, -1) for one row."
        )
    if shape[0] == 0:
        raise DataError(
            f"{what} has no rows: found 0 sample(s) (shape={shape}) while a minimum of {n_min} "
            "is required. Check that the source is not empty."
        )
    if 0 in shape:
        raise DataError(
            f"{what} has no columns: 0 feature(s) (shape={shape}) while a minimum of 1 is "
            "required. Texts become columns with quantal.features.open_features."
        )
    if shape[0] < n_min:
        rows = "1 sample" if shape[0] == 1 else f"{shape[0]} samples"
        raise DataError(
            f"{what} has only {rows} (n_samples={shape[0]}), but at least {n_min} are needed. "
            "Pass more rows."
        )


def _require_finite(x: NDArray[Any], what: str) -> None:
    """Find the first chunk that is not finite, then count there and onwards."""
    first: tuple[int, ...] | None = None
    nans = infinities = 0
    for start, rows in row_chunks(x):
        if np.isfinite(rows).all():
            continue
        bad = ~np.isfinite(rows)
        nans += int(np.isnan(rows).sum())
        infinities += int(np.isinf(rows).sum())
        if first is None:
            place = np.unravel_index(int(np.argmax(bad)), bad.shape)
            first = (start + int(place[0]), *(int(p) for p in place[1:]))
    if first is not None:
        raise DataError(_not_finite(what, nans, infinities, first))


def _require_finite_sparse(x: Any, what: str) -> None:
    if x.dtype.kind != "f" or np.isfinite(x.data).all():
        return
    entries = x.tocoo()
    bad = np.flatnonzero(~np.isfinite(entries.data))
    place = int(bad[np.lexsort((entries.col[bad], entries.row[bad]))[0]])
    nans, infinities = int(np.isnan(x.data).sum()), int(np.isinf(x.data).sum())
    first = (int(entries.row[place]), int(entries.col[place]))
    raise DataError(_not_finite(what, nans, infinities, first))


def _not_finite(what: str, nans: int, infinities: int, first: tuple[int, ...]) -> str:
    found = [f"NaN ({nans} of them)"] if nans else []
    found += [f"infinity ({infinities} of them)"] if infinities else []
    column = f"column {first[1]}" if len(first) == 2 else f"pixel {first[1:]}"
    return (
        f"{what} contains {' and '.join(found)}, the first in row {first[0]}, {column} "
        "(counting from 0). Remove those rows or fill the gaps, for example with "
        "sklearn.impute.SimpleImputer."
    )


def rows_are_identical(x: Any) -> bool:
    """Return whether every row equals the first; stops at the first difference."""
    if isinstance(x, np.ndarray):
        head = np.array(x[0])
        return all(bool((rows == head).all()) for _, rows in row_chunks(x))
    if x.format == "csr":
        lengths = np.diff(x.indptr)
        if (lengths != lengths[0]).any() and x.has_canonical_format and (x.data != 0).all():
            return False  # the usual case, without touching the values
    return bool((x.max(axis=0) != x.min(axis=0)).nnz == 0)


def looks_like_labels(x: Any) -> bool:
    """Return whether ``x`` looks like class labels: one integer a row, few distinct values."""
    if sp.issparse(x) or x.dtype.kind not in "iu" or x.size == 0:
        return False
    if x.ndim == 1:
        return True
    if x.ndim != 2 or x.shape[1] != 1:
        return False
    sample = np.asarray(x[:100_000, 0])
    return bool(len(np.unique(sample)) <= min(1000, len(sample) // 2))


def require_not_labels(x: Any, what: str) -> None:
    """Raise DataError if ``x`` looks like class labels that were passed as data."""
    if looks_like_labels(x):
        distinct = len(np.unique(np.asarray(x).reshape(-1)[:100_000]))
        raise DataError(
            f"{what} looks like labels, not data: shape {tuple(x.shape)}, dtype {x.dtype}, "
            f"{distinct} distinct values. quantal learns without labels: pass the file or array "
            "that holds the rows (or convert the column to float if it really is a measurement)."
        )
