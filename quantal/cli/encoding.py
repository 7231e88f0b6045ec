"""Hash codes of the rows of a data set by a fitted hasher, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .row_blocks import row_blocks
from .terminal import Terminal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data import Dataset


def code_blocks(model: Any, dataset: Dataset, terminal: Terminal) -> Iterator[NDArray[Any]]:
    """Yield the packed codes of consecutive blocks, (b, n_bytes) uint8; memory stays flat.

    Args:
        model: a fitted hasher.
        dataset: its rows; the pages of a memory map are dropped block by block.
        terminal: shows a bar for many rows.
    """
    from ..data.memory_map import release_pages

    row_bytes = 8 * dataset.n_features + int(model.n_bits)
    for block in row_blocks(len(dataset), row_bytes, "encoding", terminal):
        yield model.encode(dataset.x[block])
        release_pages(dataset.x)


def shares_of_ones(model: Any, dataset: Dataset, terminal: Terminal) -> NDArray[Any]:
    """Return the share of the fit's rows for which each bit is 1, shape (n_bits,), float64.

    Hashers with a network have counted already; for the others the rows are read once more.
    """
    import numpy as np

    if hasattr(model, "bit_means_"):
        return np.asarray(model.bit_means_, np.float64)
    n_bits = int(model.n_bits)
    ones = np.zeros(n_bits, np.int64)
    for codes in code_blocks(model, dataset, terminal):
        bits = np.unpackbits(codes, axis=1, count=n_bits, bitorder="little")
        ones += bits.sum(axis=0, dtype=np.int64)
    return ones / len(dataset)
