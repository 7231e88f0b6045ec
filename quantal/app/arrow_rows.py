"""Rows from an Arrow IPC stream: columns of numbers, or one column of equally long lists."""

from __future__ import annotations

import struct
from typing import Any

from numpy.typing import NDArray

from ..data.arrow_columns import RowCollector, describe_columns
from ..data.options import Options
from ..data.tables import choose_columns
from ..errors import QuantalError
from .problems import Problem
from .row_form import RowForm

WHAT = "The body"
MOST_COLUMNS = 100_000
# What pyarrow raises for a stream cut short besides its own errors, and what a walk beyond it does.
_DAMAGED = (OSError, EOFError, StopIteration, ValueError, IndexError, struct.error)


def read_arrow_rows(body: bytes, form: RowForm) -> NDArray[Any]:
    """Return the rows; columns are found by the names that the model's own data had.

    Args:
        body: what came: a schema and record batches, uncompressed.
        form: what is allowed.

    Raises:
        Problem: 400, damaged, compressed or with dictionaries; 422, too many rows.
        DataError: The columns are not those of the model, or not numbers.
    """
    import pyarrow as pa

    try:
        schema, batches = _read(body, form)
        if len(schema.names) > MOST_COLUMNS:
            raise Problem(422, f"{WHAT} has {len(schema.names):,} columns. Send one of lists.")
        names = choose_columns(describe_columns(schema), Options(columns=form.columns), WHAT)
        n_rows = sum(batch.num_rows for batch in batches)
        collector = RowCollector(names, schema, n_rows, WHAT)
        for batch in batches:
            collector.add(batch)
        return collector.finish()
    except (Problem, QuantalError):
        raise
    except (pa.ArrowException, *_DAMAGED) as error:
        reason = str(error).partition("\n")[0].rstrip(".") or "it ends too early"
        raise Problem(
            400,
            f"{WHAT} is truncated, damaged or not an Arrow stream ({reason}). Write it with "
            "pyarrow.ipc.new_stream.",
        ) from None


def _read(body: bytes, form: RowForm) -> tuple[Any, list[Any]]:
    """Return schema and batches, every one checked before it is used."""
    import pyarrow as pa

    messages = pa.ipc.MessageReader.open_stream(pa.py_buffer(body))
    schema = pa.ipc.read_schema(messages.read_next_message())
    batches, n_rows = [], 0
    for message in messages:
        if message.type != "record batch":
            raise Problem(
                400, f"{WHAT} holds a {message.type}, where only record batches may be. Decode it."
            )
        if is_compressed(bytes(message.metadata)):
            raise Problem(
                400,
                f"{WHAT} is compressed, which could make any amount of memory of it. Write it "
                "without compression, as pyarrow does by default.",
            )
        batch = pa.ipc.read_record_batch(message, schema)
        n_rows += batch.num_rows
        form.require_count(n_rows)
        batch.validate(full=True)
        batches.append(batch)
    return schema, batches


def is_compressed(metadata: bytes) -> bool:
    """Tell whether a record batch's metadata, a flatbuffer, names a compression.

    Arrow would reserve whatever length a compressed buffer says that it has, before it looks
    further, and says nowhere in Python whether one is compressed. By Arrow's Message.fbs and
    Schema.fbs, the header is field 2 of a Message, and the compression field 3 of a RecordBatch.

    Args:
        metadata: of a message that Arrow has read, and thereby found to be in order.
    """
    root = _offset(metadata, 0)
    header = _field(metadata, root, 2)
    assert header is not None  # a message that Arrow calls a record batch has one
    return _field(metadata, header + _offset(metadata, header), 3) is not None


def _field(buffer: bytes, table: int, number: int) -> int | None:
    """Return where a table's field is, or None if it has none: flatbuffers' vtable."""
    [back] = struct.unpack_from("<i", buffer, table)
    vtable = table - back
    [size] = struct.unpack_from("<H", buffer, vtable)
    place = 4 + 2 * number
    if place >= size:
        return None
    [offset] = struct.unpack_from("<H", buffer, vtable + place)
    return table + offset if offset else None


def _offset(buffer: bytes, place: int) -> int:
    [offset] = struct.unpack_from("<I", buffer, place)
    return int(offset)
