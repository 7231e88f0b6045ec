"""From what a user passes to rows that training and prediction accept."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from ..data import Dataset
from ..data.validation import require_not_labels, require_usable_rows
from ..errors import DataError, QuantalError
from ..features import open_features
from ..features.undescribed import described_rows, is_undescribed

FINGERPRINT_BYTES = 16 << 20  # some hundredths of a second
FINGERPRINT_BLOCKS = 64
FORM_REMEDY = (
    "Pass one row a sample, all numbers and of one width: shape (n, d), or (n, h, w) or "
    "(n, h, w, 3) for images."
)
WIDTH_REMEDY = "Pass rows with the columns of the fit, in their order."


class RowReader:
    """Mixin that validates ``X``; sets ``n_features_in_`` and ``image_shape_`` at fit."""

    n_features_in_: int
    image_shape_: tuple[int, ...] | None
    reader_: dict[str, Any]

    def _read(self, X: Any, *, reset: bool, known_finite: bool = False) -> Any:
        """Return (n, d) rows in their own dtype, never copied if they are a memory map.

        Args:
            X: as for ``fit``.
            reset: learn the width (fit) or require it (predict).
            known_finite: do not look for nan and infinity; the caller calls `_require_finite`.
        """
        X = self._opened(X, reset=reset)
        shape: tuple[int, ...] = tuple(getattr(X, "shape", ()))
        is_image = len(shape) in {3, 4}
        if not reset:
            self._require_same_form(shape)
        if is_image:
            X = np.asarray(X).reshape(shape[0], math.prod(shape[1:]))
        what = self._what()
        if reset and isinstance(X, np.ndarray):
            require_not_labels(X, what)
        x = self._validated(X, reset=reset)
        if reset:
            self.image_shape_ = shape[1:] if is_image else None
        require_usable_rows(x, n_min=2 if reset else 1, what=what, known_finite=known_finite)
        return x

    def _require_finite(self, x: Any) -> None:
        """Raise DataError if read rows hold nan or infinity."""
        require_usable_rows(x, n_min=1, what=self._what())

    def _what(self) -> str:
        return f"Input X of {type(self).__name__}"

    def _validated(self, X: Any, *, reset: bool) -> Any:
        """Let scikit-learn check form and width; say in one line what to do about a refusal."""
        try:
            return validate_data(
                self, X, reset=reset, accept_sparse="csr", dtype="numeric", ensure_all_finite=False
            )
        except QuantalError:
            raise
        except ValueError as error:
            reason = " ".join(str(error).split())
            remedy = WIDTH_REMEDY if "features as input" in reason else FORM_REMEDY
            raise DataError(f"{reason.removesuffix('.')}. {remedy}") from None

    def _opened(self, X: Any, *, reset: bool) -> Any:
        """Return the rows of a source; new ones are described as the fit's were (text, images)."""
        reader = {} if reset else getattr(self, "reader_", {})
        if reset:  # what an earlier fit was told is no longer true
            for told in ("reader_", "fit_seconds_"):
                vars(self).pop(told, None)
        if isinstance(X, Dataset) and not reset and is_undescribed(X, reader):
            X = X.texts if X.kind == "text" else X.x
        if isinstance(X, str | Path) or is_undescribed(X, reader):
            X = open_features(X, **reader)
        if isinstance(X, Dataset):
            if reset:
                self.reader_ = X.reader
            elif X.kind == "text" and "text" not in reader:
                raise DataError(
                    f"X holds texts, but the model was fitted on rows of {self.n_features_in_} "
                    "numbers. Pass such rows, or fit on texts: the model remembers their words."
                )
            X = X.x
        return X

    def _require_same_form(self, shape: tuple[int, ...]) -> None:
        """Raise for images of another shape, and where features were expected or forgotten."""
        fitted = self.image_shape_
        if fitted is not None and len(shape) in {3, 4} and shape[1:] != fitted:
            raise DataError(
                f"X holds images of shape {shape[1:]}, but the model was fitted on {fitted}. "
                "Resize them to that shape."
            )
        width = math.prod(shape[1:])
        if len(shape) < 2 or width == self.n_features_in_:
            return
        expected = described_rows(getattr(self, "reader_", {}))
        if expected is not None:
            raise DataError(
                f"X has {width} numbers a row, but the model was fitted on {self.n_features_in_}, "
                f"the features of {expected[0]}. {expected[1]}"
            )
        if fitted is None and len(shape) > 2:
            raise DataError(
                f"X holds images of shape {shape[1:]}, but the model was fitted on rows of "
                f"{self.n_features_in_} numbers. Turn the images into such rows as before the fit, "
                "or fit again on quantal.features.open_features(images, features=...), which the "
                "model remembers and applies."
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.sparse = True
        if tags.transformer_tags is not None:  # some clusterers transform nothing
            tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def data_fingerprint(x: Any) -> dict[str, Any]:
    """Describe rows so that a checkpoint or a model can tell other data: shape and a hash.

    The hash covers every row of up to 16 MiB. Of larger data it covers that much, in 64 blocks
    from the first row to the last: quick for a memory map, and blind to a change between them.

    Args:
        x: (n, ...) array or memory map, or CSR array.
    """
    digest = hashlib.sha256()
    for rows in _sampled_blocks(x):
        dense = rows if isinstance(rows, np.ndarray) else rows.toarray()
        digest.update(np.ascontiguousarray(dense).data)
    return {
        "shape": [int(s) for s in x.shape],
        "dtype": str(x.dtype),
        "sha256_of_rows": digest.hexdigest(),
    }


def _sampled_blocks(x: Any) -> Iterator[Any]:
    """Yield blocks of rows, spread evenly; all of them where they are few bytes."""
    n = int(x.shape[0])
    row_bytes = max(1, math.prod(x.shape[1:]) * x.dtype.itemsize)
    size = max(1, FINGERPRINT_BYTES // (FINGERPRINT_BLOCKS * row_bytes))
    if n <= size * FINGERPRINT_BLOCKS:
        starts: Sequence[int] = range(0, n, size)
    else:
        starts = np.linspace(0, n - size, FINGERPRINT_BLOCKS).astype(np.int64).tolist()
    for start in starts:
        yield x[start : start + size]


def len_of(x: Any) -> int:
    """Return the number of rows of a dense or sparse array."""
    return int(x.shape[0])
