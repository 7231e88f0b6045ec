"""From what a user passes to rows that training and prediction accept."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from ..data import Dataset
from ..data.validation import require_usable_rows
from ..errors import DataError
from ..features import open_features

FINGERPRINT_ROWS = 64


class RowReader:
    """Mixin that validates ``X``; sets ``n_features_in_`` and ``image_shape_`` at fit."""

    n_features_in_: int
    image_shape_: tuple[int, ...] | None
    reader_: dict[str, Any]

    def _read(self, X: Any, *, reset: bool) -> Any:
        """Return (n, d) rows in their own dtype, never copied if they are a memory map.

        Args:
            X: as for ``fit``.
            reset: learn the width (fit) or require it (predict).
        """
        if isinstance(X, str | Path):
            X = open_features(X, **({} if reset else getattr(self, "reader_", {})))
        if isinstance(X, Dataset):
            if reset:
                self.reader_ = X.reader
            X = X.x
        shape: tuple[int, ...] = tuple(getattr(X, "shape", ()))
        is_image = len(shape) in {3, 4}
        if is_image and not reset:
            self._require_same_images(shape[1:])
        if is_image:
            X = np.asarray(X).reshape(shape[0], math.prod(shape[1:]))
        x = validate_data(
            self, X, reset=reset, accept_sparse="csr", dtype="numeric", ensure_all_finite=False
        )
        if reset:
            self.image_shape_ = shape[1:] if is_image else None
        name = type(self).__name__
        require_usable_rows(x, n_min=2 if reset else 1, what=f"Input X of {name}")
        return x

    def _require_same_images(self, shape: tuple[int, ...]) -> None:
        fitted = self.image_shape_
        if fitted is not None and shape != fitted:
            raise DataError(
                f"X holds images of shape {shape}, but the model was fitted on {fitted}. "
                "Resize them to that shape."
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def data_fingerprint(x: Any) -> dict[str, Any]:
    """Describe rows so that a checkpoint or a model can tell other data: shape and a hash.

    The hash covers up to 64 rows spread over the data: enough to tell data sets apart, quick
    for a memory map.

    Args:
        x: (n, d) array, memory map or CSR array.
    """
    n = int(x.shape[0])
    chosen = np.unique(np.linspace(0, n - 1, min(n, FINGERPRINT_ROWS)).astype(np.int64))
    rows = x[chosen]
    dense = np.ascontiguousarray(rows) if isinstance(rows, np.ndarray) else rows.toarray()
    digest = hashlib.sha256(dense.tobytes()).hexdigest()
    return {"shape": [int(s) for s in x.shape], "dtype": str(x.dtype), "sha256_of_rows": digest}


def len_of(x: Any) -> int:
    """Return the number of rows of a dense or sparse array."""
    return int(x.shape[0])
