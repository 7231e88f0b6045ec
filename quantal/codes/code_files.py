"""Files of codes: .npy with two files beside it, or one .parquet.

A ``.npy`` file holds the packed bytes alone, so that any program reads it and a search maps it into
memory; its width, bit order and ids stand beside it. A Parquet file holds all in one. An ``.npz``
archive could do both, but NumPy cannot map its members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.memory_map import row_chunks
from ..errors import DataError, ParameterError
from .description import Description
from .named_codes import Codes, as_row_ids, kind_of
from .numpy_code_files import read_numpy_codes, write_numpy_codes
from .packing import bytes_per_code, require_packed, require_zero_padding
from .parquet_code_files import read_parquet_codes, write_parquet_codes

SUFFIXES = (".npy", ".parquet")


def write_codes(
    path: str | Path,
    codes: NDArray[np.uint8] | Iterable[NDArray[np.uint8]],
    n_bits: int,
    *,
    ids: Sequence[Any] | NDArray[Any] | None = None,
    method: str | None = None,
) -> None:
    """Write packed codes with their width, bit order and ids; whole or not at all.

    Args:
        path: where to. ``.npy``: the packed bytes (n, n_bytes), plus ``PATH.json`` with the
            description and, given ids, ``PATH.ids.npy`` or ``PATH.ids.json``; the JSON file is
            removed first and written last, so that an interrupted call leaves no valid set.
            ``.parquet``: one file with the columns ``code`` (fixed-size binary) and ``id``, the
            description in the schema.
        codes: (n, ceil(n_bits / 8)) uint8, array or memory map; or an iterable of such blocks,
            which never stand in memory together.
        n_bits: bits per code.
        ids: n integers or n strings that name the rows; None leaves row numbers.
        method: what made the codes, kept in the description.

    Raises:
        DataError: Codes or ids that do not fit together.
        ParameterError: Another suffix, or a path that cannot be written.
    """
    target = Path(path)
    suffix = require_suffix(target)
    bytes_per_code(n_bits)
    if isinstance(codes, np.ndarray):
        codes = require_packed(codes, "codes", n_bits)
        row_ids = as_row_ids(ids, len(codes))
        blocks: Iterable[Any] = (rows for _, rows in row_chunks(codes))
    else:
        row_ids = None if ids is None else as_row_ids(ids, len(ids))
        blocks = codes
    description = Description(int(n_bits), kind_of(row_ids), method)
    write = write_numpy_codes if suffix == ".npy" else write_parquet_codes
    write(target, _checked(blocks, int(n_bits), row_ids), description, row_ids)


def read_codes(path: str | Path) -> Codes:
    """Read what `write_codes` wrote.

    Args:
        path: the ``.npy`` or ``.parquet`` file. The codes of a ``.npy`` file, and ids that are
            integers, stay on disk as read-only memory maps; a Parquet file is read into memory.

    Returns:
        The codes, their width, ids and method.

    Raises:
        DataError: No such file, or one too large for this machine.
        FileFormatError: Truncated, damaged, not codes, or lying about itself.
        ParameterError: Another suffix.
    """
    source = Path(path)
    suffix = require_suffix(source)
    if not source.is_file():
        raise DataError(f"{source} is not a file. Check the path.")
    return read_numpy_codes(source) if suffix == ".npy" else read_parquet_codes(source)


def require_suffix(path: Path) -> str:
    """Return the suffix of ``path`` in lower case, if codes can be written so."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ParameterError(
            f"{path} ends in {path.suffix or 'no suffix'!r}, which says no format of codes. End it "
            f"in {' or '.join(SUFFIXES)}."
        )
    return suffix


def _checked(blocks: Iterable[Any], n_bits: int, ids: Any) -> Iterator[NDArray[np.uint8]]:
    n_rows = 0
    for block in blocks:
        rows = require_packed(block, "codes", n_bits)
        require_zero_padding(rows, n_bits, "codes")
        n_rows += len(rows)
        if ids is not None and n_rows > len(ids):
            break
        yield rows
    if ids is not None and n_rows != len(ids):
        raise DataError(f"{len(ids)} ids for {n_rows} codes; pass one id a row.")
