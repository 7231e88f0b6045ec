"""Codes with what must travel with them: width, bit order, origin and the rows' ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .packing import BIT_ORDER, require_packed, unpack_bits

RowIds = NDArray[np.int64] | tuple[str, ...]
IdKind = Literal["none", "int64", "string"]


@dataclass(frozen=True, eq=False)
class Codes:
    """Packed codes and what they mean.

    Attributes:
        packed: (n, ceil(n_bits / 8)) uint8, bit k in byte k // 8 at position k % 8; an array or a
            memory map, never copied.
        n_bits: bits per code.
        ids: (n,) int64 or n strings that name the rows; None where row numbers do.
        method: what made them, e.g. "itq"; None if not said.

    Raises:
        DataError: The arrays do not fit together, or ids are neither integers nor strings.
    """

    packed: NDArray[np.uint8]
    n_bits: int
    ids: RowIds | None = None
    method: str | None = None

    def __post_init__(self) -> None:
        # asarray would turn a memory map into a plain view; the field keeps what was passed.
        require_packed(self.packed, "packed", self.n_bits)
        object.__setattr__(self, "n_bits", int(self.n_bits))
        object.__setattr__(self, "ids", as_row_ids(self.ids, len(self.packed)))

    def __len__(self) -> int:
        """Return the number of codes."""
        return len(self.packed)

    @property
    def bit_order(self) -> str:
        """The order of bits within a byte; always "little"."""
        return BIT_ORDER

    @property
    def id_kind(self) -> IdKind:
        """How rows are named: "none", "int64" or "string"."""
        return kind_of(self.ids)

    @property
    def longest_id(self) -> int:
        """Characters of the longest id that is a string; 0 if ids are no strings."""
        return max(map(len, self.ids), default=0) if isinstance(self.ids, tuple) else 0

    @property
    def bits(self) -> NDArray[np.uint8]:
        """The codes as (n, n_bits) uint8 of 0 and 1, unpacked at each call."""
        return unpack_bits(self.packed, self.n_bits)

    def name_rows(self, rows: ArrayLike) -> NDArray[Any]:
        """Return the ids of row numbers, such as a search returns.

        Args:
            rows: integers of any shape; -1, which approximate searches return for "none found",
                stays -1, or becomes "" where ids are strings.

        Returns:
            An array of the same shape: int64 or strings.

        Raises:
            DataError: A number is no row.
        """
        numbers = np.asarray(rows)
        if numbers.dtype.kind not in "iu":
            raise DataError(f"rows must be integers, got {numbers.dtype}.")
        if numbers.size and not (numbers.min() >= -1 and numbers.max() < len(self)):
            raise DataError(
                f"rows must be from 0 to {len(self) - 1}, or -1, got {numbers.min()} to "
                f"{numbers.max()}. Were they found in other codes?"
            )
        if self.ids is None:
            return numbers.astype(np.int64)
        if isinstance(self.ids, tuple):
            names = [self.ids[row] if row >= 0 else "" for row in numbers.ravel().tolist()]
            return np.array(names, dtype=np.str_).reshape(numbers.shape)
        missing = numbers < 0
        return np.where(missing, -1, self.ids[np.where(missing, 0, numbers)])


def kind_of(ids: RowIds | None) -> IdKind:
    """Return of what kind ids are."""
    if ids is None:
        return "none"
    return "string" if isinstance(ids, tuple) else "int64"


def as_row_ids(ids: Sequence[Any] | NDArray[Any] | None, n_rows: int) -> RowIds | None:
    """Return ids as an int64 array or a tuple of strings, one a row.

    Raises:
        DataError: Another number of ids than rows, or other types.
    """
    if ids is None:
        return None
    if len(ids) != n_rows:
        raise DataError(f"{len(ids)} ids for {n_rows} codes; pass one id a row.")
    if isinstance(ids, np.ndarray) and ids.dtype.kind in "iu" and ids.ndim == 1:
        return _as_int64(ids)
    values = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
    if all(isinstance(value, str) for value in values):
        return tuple(values)
    if all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in values):
        return _as_int64(np.asarray(values))
    wrong = next(v for v in values if isinstance(v, bool) or not isinstance(v, int | np.integer))
    raise DataError(
        f"ids must be all integers or all strings, got {wrong!r}. Convert them with str()."
    )


def _as_int64(ids: NDArray[Any]) -> NDArray[np.int64]:
    if ids.dtype.kind not in "iu" or (ids.size and ids.max() > np.iinfo(np.int64).max):
        raise DataError("ids must fit into 64 bits with a sign. Pass larger numbers as strings.")
    return ids.astype(np.int64, copy=False)
