"""Codes on their way into a store: described, counted, and read a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.memory_map import release_pages
from ..code_files import read_codes, require_suffix
from ..description import Description
from ..named_codes import Codes
from ..packing import require_zero_padding
from ..parquet_code_files import describe_parquet_codes, parquet_code_blocks

BATCH_BYTES = 4 << 20
MOST_ROWS = 16_384


@dataclass(frozen=True, eq=False)
class CodeBatch:
    """Consecutive codes.

    Attributes:
        first_row: Row number of the first.
        packed: (b, n_bytes) uint8.
        ids: b int64 or strings; None where row numbers name the rows.
    """

    first_row: int
    packed: NDArray[np.uint8]
    ids: Any

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row numbers, (b,) int64."""
        return np.arange(self.first_row, self.first_row + len(self.packed), dtype=np.int64)


@dataclass(frozen=True)
class CodeSource:
    """Codes that can be read from the start any number of times.

    Attributes:
        description: Their width, maker, kind of ids and number.
        read: Yields all batches in order.
    """

    description: Description
    read: Callable[[], Iterator[CodeBatch]]

    @property
    def n_rows(self) -> int:
        """Number of codes."""
        return int(self.description.n_rows or 0)

    def longest_id(self, length: Callable[[str], int] = len) -> int:
        """Return the greatest length of an id that is a string; 0 if ids are no strings."""
        if self.description.ids != "string":
            return 0
        return max((max(map(length, batch.ids), default=0) for batch in self.read()), default=0)

    def sample(self, n_rows: int) -> NDArray[np.uint8]:
        """Return at most n_rows codes, evenly spaced: neighbours in a file are often alike."""
        step = max(1, -(-self.n_rows // n_rows))
        parts = [batch.packed[-batch.first_row % step :: step] for batch in self.read()]
        return np.concatenate([np.empty((0, self.description.n_bytes), np.uint8), *parts])


def source_of(codes: Codes | str | Path) -> CodeSource:
    """Return codes, or a file of them, as a source.

    A ``.npy`` file is mapped into memory and a Parquet file read in pieces; neither is ever whole
    in memory, but for ids of a ``.npy`` file that are strings.

    Raises:
        DataError: No such file, or codes with bits set beyond their width.
        FileFormatError: A damaged file.
        ParameterError: Not a file of codes by its suffix.
    """
    if not isinstance(codes, Codes):
        path = Path(codes)
        if require_suffix(path) == ".parquet" and path.is_file():
            return _parquet_source(path)
        codes = read_codes(path)
    require_zero_padding(codes.packed, codes.n_bits, "codes")
    return _array_source(codes)


def _array_source(codes: Codes) -> CodeSource:
    step = _batch_rows(codes.packed.shape[1])

    def read() -> Iterator[CodeBatch]:
        for start in range(0, len(codes), step):
            ids = None if codes.ids is None else codes.ids[start : start + step]
            yield CodeBatch(start, codes.packed[start : start + step], ids)
            release_pages(codes.packed)
            release_pages(codes.ids)

    described = Description(codes.n_bits, codes.id_kind, codes.method, len(codes))
    return CodeSource(described, read)


def _parquet_source(path: Path) -> CodeSource:
    described = describe_parquet_codes(path)

    def read() -> Iterator[CodeBatch]:
        first = 0
        for block, ids in parquet_code_blocks(path, described, _batch_rows(described.n_bytes)):
            yield CodeBatch(first, block, None if described.ids == "none" else ids)
            first += len(block)

    return CodeSource(replace(described), read)


def _batch_rows(n_bytes: int) -> int:
    return max(1, min(MOST_ROWS, BATCH_BYTES // n_bytes))
