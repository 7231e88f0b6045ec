"""Rows of any array as float32 differences from a centre, read block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import CHUNK_BYTES, release_pages, row_chunks


def column_means(x: Any) -> NDArray[np.float64]:
    """Return the mean of every column, shape (d,), in one pass over (n, d) rows."""
    total = np.zeros(x.shape[1])
    for _, chunk in row_chunks(x):
        total += dense_rows(chunk).sum(axis=0, dtype=np.float64)
    total /= x.shape[0]
    return total


class CentredRows:
    """The rows of a data set less their centre; nothing but a block of them is ever in memory.

    The difference is taken in float64 and then rounded, so that rows far from the origin lose
    nothing, and so that every dtype of the same numbers gives the same result.

    Args:
        x: (n, d) array, memory map or CSR array.
        center: what is subtracted, shape (d,), float64.
    """

    def __init__(self, x: Any, center: NDArray[np.float64]) -> None:
        self.x = x
        self.center = center

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def n_columns(self) -> int:
        """Columns, d."""
        return int(self.x.shape[1])

    def blocks(
        self, numbers: NDArray[np.int64] | None = None, *, n_rows: int | None = None
    ) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield the place and the rows, shape (b, d), float32, of block after block.

        Args:
            numbers: ascending numbers of the rows wanted; None means all. Places count these.
            n_rows: rows of a block; by default as many as take 8 MiB.
        """
        n = len(self) if numbers is None else len(numbers)
        step = n_rows or max(1, CHUNK_BYTES // (4 * self.n_columns))
        for start in range(0, n, step):
            place = slice(start, min(n, start + step))
            rows = dense_rows(self.x[place if numbers is None else numbers[place]])
            yield place, centred(rows, self.center)
            release_pages(self.x)

    def take(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the rows of these numbers, shape (len(numbers), d), float32."""
        out = np.empty((len(numbers), self.n_columns), np.float32)
        for place, block in self.blocks(numbers):
            out[place] = block
        return out

    def sample(self, n_rows: int, generator: np.random.Generator) -> NDArray[np.float32]:
        """Return at most ``n_rows`` different rows in the order of the data, drawn at random."""
        n = len(self)
        if n_rows >= n:
            return self.take(np.arange(n))
        return self.take(np.sort(generator.choice(n, n_rows, replace=False)))


def centred(rows: NDArray[Any], center: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return rows, shape (b, d), less a centre, shape (d,): taken in float64, then rounded."""
    out = np.empty(rows.shape, np.float32)
    np.subtract(rows, center, out=out, dtype=np.float64, casting="same_kind")
    return out


def dense_rows(rows: Any) -> NDArray[Any]:
    """Return rows of an array or a sparse matrix as an array of their own type."""
    return np.asarray(rows) if isinstance(rows, np.ndarray) else rows.toarray()
