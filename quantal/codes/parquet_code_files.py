"""Codes as one Parquet file: columns `code` and `id`, the description in the schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.memory_ceiling import require_memory
from ..data.partial_file import partial_file, publish
from ..errors import DataError, FileFormatError
from .description import Description
from .named_codes import Codes, RowIds
from .packing import require_zero_padding

KEY = b"quantal"
BATCH_ROWS = 1 << 17


def write_parquet_codes(
    path: Path,
    blocks: Iterable[NDArray[np.uint8]],
    description: Description,
    ids: RowIds | None,
) -> None:
    """Write blocks as row groups; Parquet counts the rows itself."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(description).with_metadata({KEY: description.to_json()})
    with partial_file(path) as partial:
        n_rows = 0
        # Codes are close to random bits: compression would only cost time.
        with pq.ParquetWriter(partial, schema, compression={"code": "none", "id": "zstd"}) as file:
            for block in blocks:
                columns = [_binary(block)]
                if ids is not None:
                    part = ids[n_rows : n_rows + len(block)]
                    columns.append(pa.array(part, type=schema.field("id").type))
                file.write_table(pa.Table.from_arrays(columns, schema=schema))
                n_rows += len(block)
        publish(partial, path)


def read_parquet_codes(path: Path) -> Codes:
    """Read the whole file into memory, checked against its description."""
    description = describe_parquet_codes(path)
    n_rows = int(description.n_rows or 0)
    require_memory(n_rows * description.n_bytes, path.name)
    codes = np.empty((n_rows, description.n_bytes), np.uint8)
    names: list[Any] = []
    filled = 0
    for block, ids in parquet_code_blocks(path, description, BATCH_ROWS):
        codes[filled : filled + len(block)] = block
        names += [ids] if description.ids == "int64" else ids
        filled += len(block)
    return Codes(codes, description.n_bits, _joined(names, description), description.method)


def describe_parquet_codes(path: Path) -> Description:
    """Return the description, with the number of rows that the file counts."""
    import pyarrow.parquet as pq

    with _readable(path), pq.ParquetFile(path) as file:
        return replace(_described(path, file), n_rows=int(file.metadata.num_rows))


def parquet_code_blocks(
    path: Path, description: Description, n_rows: int
) -> Iterator[tuple[NDArray[np.uint8], Any]]:
    """Yield blocks of at most n_rows codes, (b, n_bytes), and their ids, checked as they come.

    Ids are an int64 array, a list of strings, or an empty list where the file has none. A block
    is gone when the next one is asked for, so memory stays flat.
    """
    import pyarrow.parquet as pq

    columns = ["code"] if description.ids == "none" else ["code", "id"]
    total = int(description.n_rows or 0)
    filled = 0
    with _readable(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(n_rows, columns=columns):
            filled += batch.num_rows
            if filled > total or any(column.null_count for column in batch.columns):
                raise FileFormatError(
                    f"{path.name} has empty cells or too many rows. Write it again."
                )
            block = _rows(batch.column("code"), description.n_bytes)
            require_zero_padding(block, description.n_bits, path.name)
            yield block, _ids(batch, description)
    if filled != total:
        raise FileFormatError(f"{path.name} holds {filled} of {total} rows. Write it again.")


def _ids(batch: Any, description: Description) -> Any:
    if description.ids == "none":
        return []
    column = batch.column("id")
    return column.to_numpy() if description.ids == "int64" else column.to_pylist()


def _joined(names: list[Any], description: Description) -> RowIds | None:
    if description.ids == "none":
        return None
    if description.ids == "string":
        return tuple(names)
    return np.concatenate([np.empty(0, np.int64), *names])


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what damaged files raise into FileFormatError."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise FileFormatError(
            f"{path.name} is truncated, damaged or not a Parquet file ({reason}). Write it again."
        ) from None
    except DataError as error:
        raise FileFormatError(str(error)) from None


def _schema(description: Description) -> Any:
    import pyarrow as pa

    fields = [pa.field("code", pa.binary(description.n_bytes), nullable=False)]
    if description.ids != "none":
        kind = pa.string() if description.ids == "string" else pa.int64()
        fields.append(pa.field("id", kind, nullable=False))
    return pa.schema(fields)


def _binary(block: NDArray[np.uint8]) -> Any:
    """(n, n_bytes) uint8 -> Arrow array of fixed-size binary, without a copy where possible."""
    import pyarrow as pa

    data = pa.py_buffer(np.ascontiguousarray(block))
    return pa.Array.from_buffers(pa.binary(block.shape[1]), len(block), [None, data])


def _described(path: Path, file: Any) -> Description:
    found = file.schema_arrow
    text = (found.metadata or {}).get(KEY)
    if text is None:
        raise FileFormatError(
            f"{path.name} does not describe codes: its metadata has no entry {KEY.decode()!r}. "
            "Write codes with quantal.codes.write_codes."
        )
    description = Description.from_json(text, path.name)
    expected = _schema(description)
    types = {name: found.field(name).type for name in found.names}
    wrong = [f for f in expected if types.get(f.name) != f.type]
    if wrong:
        raise FileFormatError(
            f"{path.name} should have a column {wrong[0].name!r} of {wrong[0].type}, by its "
            f"description, but it is {types.get(wrong[0].name)}. Write the codes again."
        )
    return description


def _rows(column: Any, n_bytes: int) -> NDArray[np.uint8]:
    data = np.frombuffer(column.buffers()[1], np.uint8)
    start = column.offset * n_bytes
    return data[start : start + len(column) * n_bytes].reshape(-1, n_bytes)
