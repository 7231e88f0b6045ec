"""Matrices saved by ``scipy.sparse.save_npz``, checked before SciPy's compiled code meets them.

SciPy's own check passes over row pointers that lead outside where the last of them says that the
matrix is empty, and converts other formats before it checks at all; both end in reads outside of
the arrays. So every number that is used as a place is looked at here first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import FileFormatError, QuantalError
from .memory_ceiling import require_memory

MEMBERS = {"data", "shape", "format"}  # what scipy.sparse.save_npz always writes
Load = Callable[[str], Any]


def sparse_rows(load: Load, what: str) -> Any:
    """Build a CSR array from the members of an archive.

    Args:
        load: Returns the array of a member by its name, or raises.
        what: What messages call the file.

    Returns:
        (n, d) CSR array in native byte order.

    Raises:
        DataError: Too large for this machine.
        FileFormatError: Members that do not form a matrix.
    """
    layout = _text(load("format"))
    if layout not in BUILD:
        raise FileFormatError(
            f"{what} holds a sparse matrix in the format {layout!r}; read are "
            f"{', '.join(BUILD)}. Write it again with scipy.sparse.save_npz(path, x.tocsr())."
        )
    try:
        shape = _shape(load("shape"))
        require_memory(8 * max(shape), what)  # a pointer for each row or column
        data = load("data")
        require_memory(data.size * (data.dtype.itemsize + 16), what)  # two places a number
        rows: Any = BUILD[layout](data, load, shape)
    except QuantalError:
        raise
    except (ArithmeticError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"{what} holds no sound sparse matrix ({error}). Write it again with "
            "scipy.sparse.save_npz."
        ) from None
    return rows


def _text(value: Any) -> str:
    found = value.item() if value.ndim == 0 else value
    return found.decode("ascii", "replace") if isinstance(found, bytes) else str(found)


def _shape(value: Any) -> tuple[int, int]:
    if value.shape != (2,) or value.dtype.kind not in "iu" or int(value.min()) < 0:
        raise ValueError("its shape is not two numbers")
    return int(value[0]), int(value[1])


def _compressed(data: Any, load: Load, shape: tuple[int, int]) -> Any:
    parts = _numbers(data, 1), load("indices"), load("indptr")
    _require_pointers(*parts, *shape)
    return sp.csr_array(parts, shape=shape)


def _by_columns(data: Any, load: Load, shape: tuple[int, int]) -> Any:
    parts = _numbers(data, 1), load("indices"), load("indptr")
    _require_pointers(*parts, *shape[::-1])
    return sp.csr_array(sp.csc_array(parts, shape=shape))


def _blocks(data: Any, load: Load, shape: tuple[int, int]) -> Any:
    data, indices, indptr = _numbers(data, 3), load("indices"), load("indptr")
    height, width = data.shape[1:]
    if height < 1 or width < 1 or shape[0] % height or shape[1] % width:
        raise ValueError(f"blocks of {height} x {width} in {shape[0]} x {shape[1]}")
    _require_pointers(data, indices, indptr, shape[0] // height, shape[1] // width)
    return sp.csr_array(sp.bsr_array((data, indices, indptr), shape=shape))


def _entries(data: Any, load: Load, shape: tuple[int, int]) -> Any:
    data = _numbers(data, 1)
    try:
        row, column = load("coords")
    except KeyError:
        row, column = load("row"), load("col")
    for places, end in ((row, shape[0]), (column, shape[1])):
        _require_places(places, end)
        if places.shape != data.shape:
            raise ValueError(f"{len(places)} places for {len(data)} numbers")
    return sp.csr_array(sp.coo_array((data, (row, column)), shape=shape))


def _diagonals(data: Any, load: Load, shape: tuple[int, int]) -> Any:
    data, offsets = _numbers(data, 2), load("offsets")
    if offsets.dtype.kind not in "iu" or offsets.shape != data.shape[:1]:
        raise ValueError(f"{offsets.size} offsets for {len(data)} diagonals")
    inside = (offsets > -shape[0]) & (offsets < shape[1])
    if not inside.all() or len(np.unique(offsets)) != len(offsets):
        raise ValueError("diagonals outside of the matrix, or one of them twice")
    return sp.csr_array(sp.dia_array((data, offsets), shape=shape))


BUILD: dict[str, Callable[[Any, Load, tuple[int, int]], Any]] = {
    "csr": _compressed,
    "csc": _by_columns,
    "bsr": _blocks,
    "coo": _entries,
    "dia": _diagonals,
}


def _numbers(data: Any, n_axes: int) -> NDArray[Any]:
    """Return numbers in a form that SciPy's compiled code takes."""
    if data.ndim != n_axes or data.dtype.kind not in "biufc":
        raise ValueError(f"its numbers are {data.dtype} of {data.ndim} axes")
    native = data.astype(data.dtype.newbyteorder("="), copy=False)
    if native.dtype.kind == "f" and native.dtype.itemsize not in {4, 8}:
        return np.asarray(native, np.float64)
    return np.asarray(native)


def _require_pointers(data: Any, indices: Any, indptr: Any, n_major: int, n_minor: int) -> None:
    """Raise ValueError unless pointers rise from 0 to the end and indices are places."""
    if indptr.dtype.kind not in "iu" or indptr.shape != (n_major + 1,):
        raise ValueError(f"{indptr.size} pointers for {n_major} rows or columns")
    if int(indptr[0]) != 0 or (indptr[1:] < indptr[:-1]).any() or int(indptr[-1]) != len(data):
        raise ValueError(f"its pointers do not rise from 0 to {len(data)}")
    _require_places(indices, n_minor)
    if len(indices) != len(data):
        raise ValueError(f"{len(indices)} places for {len(data)} numbers")


def _require_places(places: Any, end: int) -> None:
    if places.dtype.kind not in "iu" or places.ndim != 1:
        raise ValueError(f"places are {places.dtype} of {places.ndim} axes")
    if places.size and (int(places.min()) < 0 or int(places.max()) >= end):
        raise ValueError(f"places from {places.min()} to {places.max()}, where {end} are")
