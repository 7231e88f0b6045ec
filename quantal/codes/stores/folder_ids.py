"""Ids that stand in the folder of a store, beside its index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from ...errors import FileFormatError
from ..id_files import read_integer_ids, read_string_ids
from ..named_codes import RowIds
from .address import Address
from .description import StoreDescription
from .source import CodeBatch, CodeSource

NAMES = {"int64": "ids.npy", "string": "ids.json"}


def batches_writing_ids(folder: Path, source: CodeSource) -> Iterator[CodeBatch]:
    """Yield the batches of a source, and write their ids to the folder as they pass."""
    kind = source.description.ids
    if kind == "none":
        yield from source.read()
        return
    with (folder / NAMES[kind]).open("wb") as file:
        if kind == "int64":
            header = {"descr": "<i8", "fortran_order": False, "shape": (source.n_rows,)}
            npy_format.write_array_header_1_0(file, header)
        for batch in source.read():
            if kind == "int64":
                file.write(np.ascontiguousarray(batch.ids, "<i8").tobytes())
            else:
                file.write(b"[" if batch.first_row == 0 else b",")
                file.write(json.dumps(list(batch.ids), ensure_ascii=False)[1:-1].encode())
            yield batch
        if kind == "string":
            file.write(b"]" if source.n_rows else b"[]")


def read_folder_ids(address: Address, description: StoreDescription) -> RowIds:
    """Return the ids; integers as a memory map. Row numbers where there are none.

    Raises:
        FileFormatError: Missing, or not what the description says.
    """
    kind, n_rows = description.codes.ids, description.n_rows
    if kind == "none":
        none: NDArray[Any] = np.empty(0, np.int64)
        return none
    path = Path(address.place) / NAMES[kind]
    if not path.is_file():
        raise FileFormatError(f"{path}, the ids, is missing. Restore it, or write the codes again.")
    return read_integer_ids(path, n_rows) if kind == "int64" else read_string_ids(path, n_rows)
