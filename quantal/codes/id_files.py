"""Ids of rows in a file of their own: integers as ``.npy``, strings as a JSON list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.memory_ceiling import require_memory
from ..data.numpy_files import read_npy_header
from ..errors import FileFormatError
from .named_codes import RowIds


def read_integer_ids(path: Path, n_rows: int | None) -> NDArray[np.int64]:
    """Map (n_rows,) integers."""
    return map_array(path, np.dtype("<i8"), (n_rows,))


def read_string_ids(path: Path, n_rows: int | None) -> tuple[str, ...]:
    """Read n_rows strings.

    Raises:
        FileFormatError: Something else.
    """
    require_memory(path.stat().st_size, path.name)
    try:
        ids = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        ids = None
    is_list = isinstance(ids, list) and all(isinstance(value, str) for value in ids)
    if not is_list or len(ids) != n_rows:
        raise FileFormatError(
            f"{path.name} must hold a list of {n_rows} strings. It was truncated or "
            "overwritten; write the codes again."
        )
    return tuple(ids)


def write_integer_ids(path: Path, ids: RowIds) -> None:
    """Write integers to a file that nobody reads yet."""
    with path.open("wb") as file:
        np.save(file, np.asarray(ids, "<i8"), allow_pickle=False)


def string_ids_as_json(ids: RowIds) -> bytes:
    """Return the bytes of a file of strings."""
    return json.dumps(ids, ensure_ascii=False).encode()


def map_array(path: Path, dtype: np.dtype[Any], shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Map one array, if header, length and description agree.

    Raises:
        FileFormatError: They do not.
    """
    with path.open("rb") as file:
        header = read_npy_header(file, path.name)
    if header.dtype != dtype or header.shape != shape or header.fortran_order:
        raise FileFormatError(
            f"{path.name} holds {header.dtype} of shape {header.shape}, but its description says "
            f"{dtype} of shape {shape}. They are not of one set; write the codes again."
        )
    held = path.stat().st_size - header.data_start
    if held != header.data_bytes:
        raise FileFormatError(
            f"{path.name} should hold {header.data_bytes} bytes of data and holds {held}. It was "
            "truncated or overwritten; write the codes again."
        )
    if header.data_bytes == 0:  # the system cannot map nothing
        return np.empty(header.shape, dtype)
    return np.memmap(path, dtype, "r", header.data_start, header.shape)
