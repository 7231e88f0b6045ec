"""Pairs of rows of which a user knows whether they belong together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError

HOW = "Pass an (m, 3) array whose rows are i, j, similar, or a tuple (i, j, similar) of arrays."


@dataclass(frozen=True, eq=False)
class RowPairs:
    """Pairs of rows, checked.

    Attributes:
        first: row numbers, shape (m,), int64.
        second: row numbers, shape (m,), int64.
        alike: 1 where the rows belong together and 0 where not, shape (m,), float32.
    """

    first: Tensor
    second: Tensor
    alike: Tensor

    def __len__(self) -> int:
        return len(self.alike)

    def __getitem__(self, numbers: Tensor | slice) -> RowPairs:
        return RowPairs(self.first[numbers], self.second[numbers], self.alike[numbers])

    def draw(self, n_pairs: int, generator: torch.Generator) -> RowPairs:
        """Return pairs drawn with replacement."""
        numbers = torch.randint(len(self), (n_pairs,), generator=generator, device=generator.device)
        return self[numbers.cpu()]

    def spread(self, most: int) -> RowPairs:
        """Return at most so many pairs, evenly spaced."""
        if len(self) <= most:
            return self
        return self[torch.linspace(0, len(self) - 1, most, dtype=torch.float64).long()]

    def fingerprint(self) -> str:
        """Return a hash of all pairs."""
        digest = hashlib.sha256()
        for part in (self.first, self.second, self.alike):
            digest.update(part.numpy().tobytes())
        return digest.hexdigest()


def read_pairs(pairs: Any, n_rows: int) -> RowPairs:
    """Check what a user passed as ``pairs``.

    Args:
        pairs: (m, 3) array of row numbers i and j and of 1 (similar) or 0; or a tuple of these
            three columns.
        n_rows: rows of the data.

    Raises:
        DataError: Another form, row numbers that do not exist, a row paired with itself, or pairs
            of one kind only.
    """
    first, second, alike = _columns(pairs)
    for name, numbers in (("first", first), ("second", second)):
        _require_row_numbers(name, numbers, n_rows)
    same = np.flatnonzero(first == second)
    if len(same):
        raise DataError(
            f"pair {same[0]} joins row {int(first[same[0]])} with itself ({len(same):,} such). "
            "Leave these out: they say nothing."
        )
    wrong = np.flatnonzero((alike != 0) & (alike != 1))
    if len(wrong):
        raise DataError(
            f"the third column of pairs must be 1 (similar) or 0 (not), got {alike[wrong[0]]:g} in "
            f"pair {wrong[0]}. Write 0 for pairs that do not belong together."
        )
    if alike.min() == alike.max():
        kind, other = ("similar", "not similar") if alike[0] else ("not similar", "similar")
        raise DataError(
            f"all {len(alike):,} pairs are {kind}; one constant answer would explain them. Add "
            f"pairs that are {other}" + (", for example of random rows." if alike[0] else ".")
        )
    return RowPairs(
        torch.from_numpy(first.astype(np.int64)),
        torch.from_numpy(second.astype(np.int64)),
        torch.from_numpy(alike.astype(np.float32)),
    )


def _columns(pairs: Any) -> list[NDArray[np.float64]]:
    """Return the three columns as float64, shape (m,) each, m > 0."""
    parts = list(pairs) if isinstance(pairs, tuple) and len(pairs) == 3 else None
    try:
        if parts is None:
            table = np.asarray(pairs)
            parts = list(table.T) if table.ndim == 2 and table.shape[1] == 3 else None
            got = f"got shape {table.shape}"
        columns = None if parts is None else [np.asarray(part, np.float64) for part in parts]
    except (TypeError, ValueError):
        raise DataError(f"pairs must be three columns of numbers. {HOW}") from None
    if columns is None:
        if table.ndim == 2 and table.shape[1] == 2:
            got += ": the third column says whether the two rows are similar"
        raise DataError(f"pairs must have three columns, {got}. {HOW}")
    shapes = [column.shape for column in columns]
    if columns[0].ndim != 1 or len(set(shapes)) != 1:
        raise DataError(f"i, j and similar must be of one length, got shapes {shapes}. {HOW}")
    if not len(columns[0]):
        raise DataError(f"pairs are empty. {HOW} Leave pairs out to learn without.")
    return columns


def _require_row_numbers(name: str, numbers: NDArray[np.float64], n_rows: int) -> None:
    wrong = np.flatnonzero(~((numbers >= 0) & (numbers < n_rows) & (numbers % 1 == 0)))
    if len(wrong):
        raise DataError(
            f"the {name} column of pairs must hold row numbers of X from 0 to {n_rows - 1}, got "
            f"{numbers[wrong[0]]:g} in pair {wrong[0]} ({len(wrong):,} such). Count rows from 0."
        )
