"""Codes as `.npy`, with a JSON description and the ids in files beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from ..data.partial_file import partial_file, publish, write_whole
from ..errors import DataError, FileFormatError
from .description import MAX_BYTES, Description
from .id_files import (
    map_array,
    read_integer_ids,
    read_string_ids,
    string_ids_as_json,
    write_integer_ids,
)
from .named_codes import Codes, RowIds
from .packing import require_zero_padding


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
        write_whole(beside["string"], string_ids_as_json(ids))
    elif ids is not None:
        with partial_file(beside["int64"]) as partial:
            write_integer_ids(partial, ids)
            publish(partial, beside["int64"])
    write_whole(beside["description"], replace(description, n_rows=n_rows).to_json())


def read_numpy_codes(path: Path) -> Codes:
    """Map the codes and check them against their description."""
    description = _read_description(path)
    packed = map_array(path, np.dtype(np.uint8), (description.n_rows, description.n_bytes))
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


def _read_ids(path: Path, description: Description) -> RowIds | None:
    if description.ids == "none":
        return None
    beside = _beside(path)[description.ids]
    if not beside.is_file():
        raise FileFormatError(f"{beside.name}, the ids, is missing beside {path.name}. Copy it.")
    read = read_integer_ids if description.ids == "int64" else read_string_ids
    return read(beside, description.n_rows)
