"""Codes as `.npy`, with a JSON description and the ids in files beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from ..data.memory_ceiling import require_memory
from ..data.numpy_files import read_npy_header
from ..errors import DataError, FileFormatError
from .description import MAX_BYTES, Description
from .named_codes import Codes, RowIds
from .packing import require_zero_padding
from .partial_file import partial_file, publish, write_whole


def write_numpy_codes(
    path: Path,
    blocks: Iterable[NDArray[np.uint8]],
    description: Description,
    ids: RowIds | None,
) -> None:
    """Write the codes, then what stands beside them; the description last."""
    beside = _beside(path)
    with partial_file(path) as partial:
        n_rows = _write_bytes(partial, blocks, description.n_bytes)
        for old in beside.values():  # the description first: without it the rest is not codes
            old.unlink(missing_ok=True)
        publish(partial, path)
    if isinstance(ids, tuple):
        write_whole(beside["string"], json.dumps(ids, ensure_ascii=False).encode())
    elif ids is not None:
        with partial_file(beside["int64"]) as partial:
            with partial.open("wb") as file:
                np.save(file, np.asarray(ids, "<i8"), allow_pickle=False)
            publish(partial, beside["int64"])
    write_whole(beside["description"], replace(description, n_rows=n_rows).to_json())


def read_numpy_codes(path: Path) -> Codes:
    """Map the codes and check them against their description."""
    description = _read_description(path)
    packed = _map(path, np.dtype(np.uint8), (description.n_rows, description.n_bytes))
    try:
        if len(packed) and description.n_bits % 8:
            require_zero_padding(packed, description.n_bits, path.name)
    except DataError as error:
        raise FileFormatError(str(error)) from None
    return Codes(packed, description.n_bits, _read_ids(path, description), description.method)


def _beside(path: Path) -> dict[str, Path]:
    """The files beside the codes, the description first."""
    return {
        "description": path.with_name(f"{path.name}.json"),
        "int64": path.with_name(f"{path.name}.ids.npy"),
        "string": path.with_name(f"{path.name}.ids.json"),
    }


def _write_bytes(partial: Path, blocks: Iterable[NDArray[np.uint8]], n_bytes: int) -> int:
    """Write blocks under a header whose number of rows is filled in at the end."""
    n_rows = 0
    with partial.open("wb") as file:
        _write_header(file, 0, n_bytes)
        length = file.tell()
        for block in blocks:
            file.write(np.ascontiguousarray(block).data)
            n_rows += len(block)
        file.seek(0)
        _write_header(file, n_rows, n_bytes)
        # NumPy leaves room in the header for any number of rows.
        assert file.tell() == length
    return n_rows


def _write_header(file: Any, n_rows: int, n_bytes: int) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": (n_rows, n_bytes)}
    npy_format.write_array_header_1_0(file, header)


def _read_description(path: Path) -> Description:
    beside = _beside(path)["description"]
    if not beside.is_file():
        raise FileFormatError(
            f"{beside.name} is missing beside {path.name}: it says how wide the codes are, and is "
            "written last. Copy it along, or write the codes again with quantal.codes.write_codes."
        )
    with beside.open("rb") as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise FileFormatError(f"{beside.name} is larger than a description can be.")
    return Description.from_json(text, beside.name)


def _map(path: Path, dtype: np.dtype[Any], shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Map one array, if header, length and description agree."""
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


def _read_ids(path: Path, description: Description) -> RowIds | None:
    if description.ids == "none":
        return None
    beside = _beside(path)[description.ids]
    if not beside.is_file():
        raise FileFormatError(f"{beside.name}, the ids, is missing beside {path.name}. Copy it.")
    if description.ids == "int64":
        return _map(beside, np.dtype("<i8"), (description.n_rows,))
    require_memory(beside.stat().st_size, beside.name)
    try:
        ids = json.loads(beside.read_bytes())
    except (ValueError, RecursionError):
        ids = None
    is_list = isinstance(ids, list) and all(isinstance(value, str) for value in ids)
    if not is_list or len(ids) != description.n_rows:
        raise FileFormatError(
            f"{beside.name} must hold a list of {description.n_rows} strings. It was truncated or "
            "overwritten; write the codes again."
        )
    return tuple(ids)
