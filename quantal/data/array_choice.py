"""Which array of a file with several is the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import DataError, suggestion
from .validation import LABEL_NAMES


@dataclass(frozen=True)
class ArrayInfo:
    """One array of an archive, before it is read."""

    key: str
    shape: tuple[int, ...]
    dtype_kind: str

    @property
    def could_be_data(self) -> bool:
        """Two axes or more of numbers, and not named like labels."""
        named_labels = self.key.rpartition("/")[2].lower() in LABEL_NAMES
        return len(self.shape) >= 2 and self.dtype_kind in "biuf" and not named_labels

    def __str__(self) -> str:
        return f"{self.key!r} {self.shape}"


def choose_array(arrays: Sequence[ArrayInfo], key: str | None, what: str) -> str:
    """Return the key of the data: the one asked for, else "x", else the only candidate.

    Arrays named like labels ("y", "labels", "target", ...) and arrays with one axis are never
    chosen unless ``key`` names them.

    Raises:
        DataError: No array, no such key, nothing that could be data, or more than one.
    """
    keys = [info.key for info in arrays]
    listed = ", ".join(str(info) for info in arrays[:10]) + (", ..." if len(arrays) > 10 else "")
    if not arrays:
        raise DataError(f"{what} holds no array. Check that it is the right file.")
    if key is not None:
        if key in keys:
            return key
        raise DataError(f"{what} holds no array {key!r}; it has {listed}.{suggestion(key, keys)}")
    candidates = [info.key for info in arrays if info.could_be_data]
    for usual in ("x", "X"):
        if usual in candidates:
            return usual
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise DataError(
            f"{what} holds several arrays that could be the data: {listed}. "
            f"Say which one: key={candidates[0]!r} (--key {candidates[0]})."
        )
    raise DataError(
        f"{what} holds no array of rows, only {listed}; labels and arrays with one axis are not "
        "data. Save the rows as a two-dimensional array named 'x'."
    )
