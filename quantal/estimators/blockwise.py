"""Applying a function to all rows in whole blocks, so that no result depends on the chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..training.rows import Rows

BLOCK = 256  # rows of one pass; the last block is filled up with zeros


def blockwise(rows: Rows, function: Callable[[Tensor], Tensor]) -> NDArray[np.float32]:
    """Apply a function of a batch, (b, d) -> (b, m), to all rows; returns shape (n, m).

    A matrix product may round differently for another number of rows. Every block has the same
    number, so a row's result is the same bits alone, in a chunk or in the whole.

    Args:
        rows: the data, at least one row.
        function: called without gradients; gives as many rows as it takes.
    """
    out: NDArray[np.float32] | None = None
    for start, values in block_values(rows, function):
        if out is None:
            out = np.empty((len(rows), values.shape[1]), np.float32)
        out[start : start + len(values)] = values.cpu().numpy()
    assert out is not None  # rows are never empty here
    return out


def block_values(
    rows: Rows, function: Callable[[Tensor], Tensor], starts: Iterable[int] | None = None
) -> Iterator[tuple[int, Tensor]]:
    """Yield the first row of every block and the function's values for its rows, shape (b, m).

    Args:
        rows: the data.
        function: as for `blockwise`.
        starts: first rows of the blocks wanted, multiples of 256; None: of all.
    """
    for start in range(0, len(rows), BLOCK) if starts is None else starts:
        stop = min(start + BLOCK, len(rows))
        x = rows.span(start, stop)
        if stop - start < BLOCK:
            x = torch.cat([x, x.new_zeros(BLOCK - len(x), x.shape[1])])
        with torch.no_grad():
            values = function(x)[: stop - start]
        yield start, values
