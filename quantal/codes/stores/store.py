"""Codes in a store, opened for search."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataError, ParameterError, require_range
from ..named_codes import IdKind, RowIds
from ..ordering import first_by_score
from ..packing import require_packed, require_zero_padding
from .description import StoreDescription
from .ties import Table, settle_ties


class CodeStore(ABC):
    """Codes with ids in a store, as `open_store` returns them.

    Distances and row numbers mean what they mean in `hamming_search`; where the index is exact they
    are the same, ties included. A store is a context manager, and is closed at the end.

    Args:
        description: What the store says about itself.
        options: Options of its index, as they hold for this opening.
        exact: Whether its search is exact with these options.
    """

    most_hits: int | None = None
    """How many codes per query the store can return; None: all."""
    orders_ties = False
    """Whether the store itself puts the lower row first where distances are equal."""

    def __init__(
        self, description: StoreDescription, options: dict[str, int | bool], *, exact: bool
    ) -> None:
        self.description, self.options, self.exact = description, options, exact
        self.n_bits, self.method = description.codes.n_bits, description.codes.method

    def __len__(self) -> int:
        """Return the number of codes."""
        return self.description.n_rows

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()

    @property
    def id_kind(self) -> IdKind:
        """How rows are named: "none", "int64" or "string"."""
        return self.description.codes.ids

    @property
    def longest_id(self) -> int:
        """Characters of the longest id that is a string."""
        return self.description.longest_id

    def search(
        self, queries: NDArray[np.uint8], k: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Find the k nearest codes that the store can find.

        Args:
            queries: (q, n_bytes) uint8.
            k: codes per query, from 1 to the number of codes, or to what the store can return.

        Returns:
            distances: (q, k) int32, ascending; n_bits + 1 where nothing more was found.
            ids: (q, k) int64 row numbers, ties by the lower; -1 where nothing more was found.

        Raises:
            DataError: Not packed codes of this width.
            FileFormatError: The store is damaged.
            ParameterError: ``k`` is out of range, or the store cannot be reached.
        """
        asked = np.ascontiguousarray(require_packed(queries, "queries", self.n_bits))
        require_zero_padding(asked, self.n_bits, "queries")
        self._require_k(k)
        if len(asked) == 0:
            return np.empty((0, int(k)), np.int32), np.empty((0, int(k)), np.int64)
        if not self.exact or self.orders_ties:
            distances, rows = first_by_score(*self._nearest(asked, int(k)), int(k))
        else:
            distances, rows = settle_ties(
                self._nearest, asked, int(k), len(self), self.most_hits, self._within
            )
        return distances.astype(np.int32), rows.astype(np.int64)

    def name_rows(self, rows: ArrayLike) -> NDArray[Any]:
        """Return the ids of row numbers, such as `search` returns.

        Args:
            rows: integers of any shape; -1 stays -1, or becomes "" where ids are strings.

        Returns:
            An array of the same shape: int64 or strings.

        Raises:
            DataError: A number is no row.
        """
        numbers = np.asarray(rows, np.int64)
        if numbers.size and not (numbers.min() >= -1 and numbers.max() < len(self)):
            raise DataError(
                f"rows must be from 0 to {len(self) - 1}, or -1, got {numbers.min()} to "
                f"{numbers.max()}. Were they found in another store?"
            )
        if self.id_kind == "none":
            return numbers
        wanted, places = np.unique(numbers, return_inverse=True)
        is_row = wanted >= 0
        named = self._ids_of(wanted[is_row])
        missing: Any = "" if self.id_kind == "string" else -1
        values = [missing] * int((~is_row).sum()) + list(named)
        dtype = np.str_ if self.id_kind == "string" else np.int64
        return np.array(values, dtype)[places].reshape(numbers.shape)

    def close(self) -> None:  # noqa: B027  (most stores hold nothing open)
        """Let go of files and connections."""

    @abstractmethod
    def _nearest(self, queries: NDArray[np.uint8], count: int) -> Table:
        """Return distances, ascending, and rows of the count nearest codes, (q, count) each.

        Where fewer were found: distance n_bits + 1 and row -1.
        """

    def _within(self, query: NDArray[np.uint8], count: int, first: int, stop: int) -> Table:
        """Return what `_nearest` does for one query, of the rows from first to stop, one axis less.

        Only called where `most_hits` is less than the number of codes.
        """
        raise NotImplementedError

    @abstractmethod
    def _ids_of(self, rows: NDArray[np.int64]) -> Any:
        """Return the ids of rows, which are ascending and differ, in their order."""

    def _require_k(self, k: int) -> None:
        require_range("k", k, low=1, integer=True)
        if k > len(self):
            raise ParameterError(
                f"k must be at most {len(self)}, the number of codes, got {k}. "
                "Pass a smaller k or add more codes."
            )
        if self.most_hits is not None and k > self.most_hits:
            raise ParameterError(
                f"{self.description.store} returns at most {self.most_hits:,} codes a query, got "
                f"k={k}. Pass a smaller k."
            )


def pick(names: RowIds, rows: NDArray[np.int64]) -> Any:
    """Return the ids of rows, of ids that are at hand."""
    return [names[row] for row in rows.tolist()] if isinstance(names, tuple) else names[rows]


def table_of(
    found: list[tuple[NDArray[Any], NDArray[Any]]], count: int, n_bits: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return what was found for each query, of any length up to count, as (q, count) arrays."""
    distances = np.full((len(found), count), n_bits + 1, np.int32)
    rows = np.full((len(found), count), -1, np.int64)
    for query, (some, numbers) in enumerate(found):
        order = np.lexsort((numbers, some))
        distances[query, : len(order)] = np.rint(some)[order]
        rows[query, : len(order)] = numbers[order]
    return distances, rows
