"""The vector files of nearest-neighbour benchmarks: ``.fvecs``, ``.bvecs`` and ``.ivecs``.

Each row is a little-endian int32 with the number of components d, then d components: float32,
uint8 or int32 (the format of the TEXMEX collections, http://corpus-texmex.irisa.fr).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, FileFormatError
from .arrays import array_dataset
from .dataset import Dataset
from .memory_map import row_chunks
from .options import Options

COMPONENT: dict[str, str] = {".fvecs": "<f4", ".bvecs": "u1", ".ivecs": "<i4"}
MAX_COMPONENTS = 1 << 20


def read_vectors(path: Path, options: Options, *, first_rows: int | None = None) -> Dataset:
    """Open a vector file as a view of a read-only memory map; no row is copied.

    Args:
        path: The file.
        options: As for `open_source`.
        first_rows: Map, and check, at most so many rows from the start; None: all.

    Raises:
        DataError: An empty file.
        FileFormatError: Rows of different widths, an absurd width, or a truncated file.
    """
    component = np.dtype(COMPONENT[path.suffix.lower()])
    size = path.stat().st_size
    if size == 0:
        raise DataError(f"{path.name} is empty: no rows. Check that it was written completely.")
    width = _first_width(path, size)
    row_bytes = 4 + width * component.itemsize
    if row_bytes > size:
        raise FileFormatError(
            f"{path.name} says that a row has {width} components ({row_bytes} bytes), but the file "
            f"holds {size} bytes. It is truncated or not a {path.suffix} file."
        )
    n_whole = size // row_bytes
    n_rows = n_whole if first_rows is None else min(first_rows, n_whole)
    _require_one_width(path, n_rows, width, row_bytes)
    if size % row_bytes and n_rows != first_rows:
        raise FileFormatError(
            f"{path.name} is truncated: rows of {width} components take {row_bytes} bytes, and the "
            f"last one has only {size % row_bytes}. Copy or write it again."
        )
    raw = np.memmap(path, np.uint8, "r", shape=(n_rows, row_bytes))
    x = raw[:, 4:].view(component)  # (n, width), rows row_bytes apart
    return array_dataset(x, path.stem, options, what=path.name)


def _first_width(path: Path, size: int) -> int:
    with path.open("rb") as stream:
        head = stream.read(4)
    width = int.from_bytes(head, "little", signed=True)
    if len(head) < 4 or not 1 <= width <= MAX_COMPONENTS:
        raise FileFormatError(
            f"{path.name} says that its first row has {width} components; allowed are 1 to "
            f"{MAX_COMPONENTS}. It holds {size} bytes and is damaged or not a {path.suffix} file."
        )
    return width


def _require_one_width(path: Path, n_rows: int, width: int, row_bytes: int) -> None:
    """Check the header of every whole row, in chunks whose pages are released."""
    raw: Any = np.memmap(path, np.uint8, "r", shape=(n_rows, row_bytes))
    for start, rows in row_chunks(raw):
        widths = np.ascontiguousarray(rows[:, :4]).view("<i4")[:, 0]
        wrong = np.flatnonzero(widths != width)
        if len(wrong):
            row = start + int(wrong[0])
            raise FileFormatError(
                f"{path.name} mixes widths: row {row} (counting from 0) says "
                f"{int(widths[wrong[0]])} components, row 0 says {width}. All rows must have the "
                f"same; the file is damaged or not a {path.suffix} file."
            )
