"""HDF5 files: one array, read in chunks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, FileFormatError, require_extra
from .array_choice import ArrayInfo, choose_array
from .arrays import array_dataset
from .dataset import Dataset
from .memory_ceiling import require_memory
from .memory_map import rows_per_chunk
from .options import Options


def read_hdf5(path: Path, options: Options) -> Dataset:
    """Read the array ``key`` (default: "x", else the only candidate) of an HDF5 file.

    Raises:
        MissingExtraError: h5py is not installed.
        DataError: No array that could be the rows, or several.
        FileFormatError: A truncated or damaged file.
    """
    h5py = require_extra("h5py", "hdf5")
    try:
        with h5py.File(path, "r") as file:
            key = choose_array(_arrays(h5py, file), options.key, path.name)
            what = f"{path.name}, array {key!r},"
            x = _read_chunks(file[key], what)
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        if isinstance(error, (DataError, FileFormatError)):
            raise
        reason = str(error).partition("\n")[0].rstrip(".")
        raise FileFormatError(
            f"{path.name} is truncated, damaged or not an HDF5 file ({reason}). Write it again."
        ) from None
    return array_dataset(x, path.stem, options, what=what, reader={"key": key})


def _arrays(h5py: Any, file: Any) -> list[ArrayInfo]:
    found: list[ArrayInfo] = []

    def visit(name: str | bytes, node: Any) -> None:
        if isinstance(name, bytes):  # not UTF-8
            name = name.decode("utf-8", "replace")
        if isinstance(node, h5py.Dataset) and node.shape is not None:
            found.append(ArrayInfo(name, tuple(node.shape), node.dtype.kind))

    file.visititems(visit)
    return found


def _read_chunks(stored: Any, what: str) -> Any:
    """Copy an (n, ...) dataset into memory by chunks of rows, so that the peak is one copy."""
    if stored.dtype.kind not in "biufc":
        raise DataError(
            f"{what} has dtype {stored.dtype}, but rows must be numbers. Choose another key."
        )
    require_memory(math.prod(stored.shape) * stored.dtype.itemsize, what)
    x = np.empty(stored.shape, stored.dtype)
    if stored.ndim == 0:
        return stored[()]
    step = rows_per_chunk(stored)
    for start in range(0, stored.shape[0], step):
        x[start : start + step] = stored[start : start + step]
    return x
