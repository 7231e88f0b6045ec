"""Files of hits: columns query, rank, id and distance, one row a hit, whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .hits import HitNames

Columns = dict[str, list[Any]]


def write_hits(path: Path, batches: Iterable[Columns], names: HitNames) -> None:
    """Write batches of columns to a file; the suffix of ``path``, checked before, says how.

    Args:
        path: where the file appears when it is complete.
        batches: columns as of `HitNames.columns`.
        names: kinds of the columns.
    """
    from ..data.partial_file import partial_file, publish

    with partial_file(path) as partial:
        WRITERS[path.suffix.lower()](partial, batches, names)
        publish(partial, path)


def _write_parquet(path: Path, batches: Iterable[Columns], names: HitNames) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"string": pa.string(), "int64": pa.int64(), "int32": pa.int32()}
    types["float32"] = pa.float32()
    schema = pa.schema([(name, types[kind]) for name, kind in names.kinds().items()])
    with pq.ParquetWriter(path, schema) as file:
        for columns in batches:
            file.write_table(pa.table(columns, schema=schema))


def _write_csv(path: Path, batches: Iterable[Columns], names: HitNames) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(names.kinds())
        for columns in batches:
            values = [f"{value:.6g}" for value in columns[names.value]]
            writer.writerows(zip(*({**columns, names.value: values}).values(), strict=True))


def _write_numpy(path: Path, batches: Iterable[Columns], names: HitNames) -> None:
    """Write one array of records; the number of rows is filled in at the end."""
    import numpy as np
    from numpy.lib import format as npy

    longest = names.longest()
    codes = {"int64": "<i8", "int32": "<i4", "float32": "<f4"}
    fields = [(n, codes.get(kind) or f"<U{longest[n]}") for n, kind in names.kinds().items()]
    dtype = np.dtype(fields)

    def write_header(stream: Any, n_rows: int) -> None:
        header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": (n_rows,)}
        npy.write_array_header_1_0(stream, header)

    with path.open("wb") as stream:
        write_header(stream, 0)
        length, n_rows = stream.tell(), 0
        for columns in batches:
            records = np.empty(len(columns["rank"]), dtype)
            for name, values in columns.items():
                records[name] = values
            stream.write(records.tobytes())
            n_rows += len(records)
        stream.seek(0)
        write_header(stream, n_rows)
        assert stream.tell() == length  # NumPy leaves room in the header for any number of rows


WRITERS: dict[str, Callable[[Path, Iterable[Columns], HitNames], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".npy": _write_numpy,
}
