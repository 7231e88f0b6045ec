"""Rows of a shard into rows of its output, batch by batch, under a name that appears at the end."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..codes.description import Description
from ..codes.parquet_code_files import KEY as CODES_KEY
from ..data.arrow_columns import RowCollector
from ..data.partial_file import explained, publish
from ..data.tables import ID_COLUMN
from ..errors import DataError, ParameterError
from .job import KEY, Job, LoadedModel, Outcome
from .shards import Shard, fingerprint_of, unreadable

PARTIAL = ".partial"
BATCH_BYTES = 32 << 20  # of prepared rows at once
MOST_ROWS = 1 << 16
WHOLE_PASS = 256  # rows of a forward pass; batches of a multiple leave none half empty
GROUP_ROWS = 1 << 17  # of an output row group


def process_shard(job: Job, loaded: LoadedModel, shard: Shard) -> Outcome:
    """Write the output of one shard, whole or not at all; nothing about its rows is raised.

    Args:
        job: what to do.
        loaded: the model.
        shard: one that is not finished.
    """
    source = Path(job.source) / shard.name
    try:
        if loaded.maker != job.maker or loaded.device != job.device:
            raise ParameterError(
                f"A worker on {socket.gethostname()} has the model {loaded.maker} on "
                f"{loaded.device}, but the run has {job.maker} on {job.device}. Let all machines "
                "see one folder, and use alike machines."
            )
        _write(job, loaded.model, shard, source)
    except ParameterError as error:
        return Outcome(shard.name, fatal=str(error))
    except DataError as error:
        return Outcome(shard.name, damage=str(error))
    return Outcome(shard.name)


def _write(job: Job, model: Any, shard: Shard, source: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(job, model, shard)
    n_rows = 0
    with new_file(job.output(shard)) as partial:
        # Codes are close to random bits, and labels pack well by themselves.
        compression = {name: "zstd" if name == ID_COLUMN else "none" for name in schema.names}
        with pq.ParquetWriter(partial, schema, compression=compression) as writer:
            waiting: list[Any] = []
            for columns in _results(job, model, shard, source):
                waiting.append(pa.Table.from_arrays(columns, schema=schema))
                n_rows += waiting[-1].num_rows
                if sum(table.num_rows for table in waiting) >= GROUP_ROWS:
                    writer.write_table(pa.concat_tables(waiting).combine_chunks())
                    waiting = []
            if waiting:
                writer.write_table(pa.concat_tables(waiting).combine_chunks())
        if fingerprint_of(source) != shard.fingerprint or n_rows != shard.n_rows:
            raise DataError(f"{shard.name} was changed while the run went on. Start again.")


def _results(job: Job, model: Any, shard: Shard, source: Path) -> Iterator[list[Any]]:
    """Yield the output columns of batch after batch of a shard."""
    start = 0
    for batch in _batches(job, shard, source, int(model.n_features_in_)):
        what = f"{shard.name}, rows from {start}" if start else shard.name
        collector = RowCollector(job.columns.names, batch.schema, batch.num_rows, what)
        collector.add(batch)
        rows = collector.finish()
        if rows.shape[1] != model.n_features_in_:
            raise DataError(
                f"{shard.name} has rows of {rows.shape[1]} numbers, but the model was fitted on "
                f"{model.n_features_in_}. Pass rows of the same kind, or choose columns with "
                "--columns or --drop."
            )
        try:
            values = _encoded(model, rows) if job.task == "encode" else _labelled(model, rows)
        except DataError as error:
            raise DataError(f"{what}: {error}") from None
        ids = _ids(job, batch, start, what)
        yield (
            [*values, ids]
            if job.task == "encode" and ids is not None
            else (values if ids is None else [ids, *values])
        )
        start += batch.num_rows


def _batches(job: Job, shard: Shard, source: Path, n_features: int) -> Iterator[Any]:
    """Yield record batches of a shard: bounded in bytes, and the same in every run."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = BATCH_BYTES // (8 * n_features) // WHOLE_PASS * WHOLE_PASS
    size = min(MOST_ROWS, max(WHOLE_PASS, rows))
    names = [*job.columns.names, *([ID_COLUMN] if job.columns.ids else [])]
    try:
        with pq.ParquetFile(source, pre_buffer=False) as file:
            for batch in file.iter_batches(size, columns=names, use_threads=False):
                if batch.num_rows:
                    yield batch
    except (pa.ArrowException, OSError, EOFError) as error:
        raise DataError(f"{shard.name} {unreadable(error)}.") from None


def _encoded(model: Any, rows: NDArray[Any]) -> list[Any]:
    import pyarrow as pa

    codes = np.ascontiguousarray(model.encode(rows))
    kind = pa.binary(codes.shape[1])
    return [pa.Array.from_buffers(kind, len(codes), [None, pa.py_buffer(codes)])]


def _labelled(model: Any, rows: NDArray[Any]) -> list[Any]:
    import pyarrow as pa

    if hasattr(model, "predict_log_proba"):
        p = np.exp(model.predict_log_proba(rows))
        return [pa.array(p.argmax(axis=1), pa.int64()), pa.array(p.max(axis=1), pa.float32())]
    labels = model.predict(rows)
    return [pa.array(labels, pa.int64()), pa.array(np.full(len(labels), np.nan, np.float32))]


def _ids(job: Job, batch: Any, start: int, what: str) -> Any:
    """Return the rows' ids; labels without ids get row numbers of their shard, codes none."""
    import pyarrow as pa

    if job.columns.ids is None:
        numbers = np.arange(start, start + batch.num_rows)
        return None if job.task == "encode" else pa.array(numbers, pa.int64())
    ids = batch.column(batch.schema.get_field_index(ID_COLUMN))
    if ids.null_count:
        raise DataError(f"{what}: {ids.null_count} rows have no {ID_COLUMN}. Name every row.")
    try:
        return ids.cast(pa.int64() if job.columns.ids == "int64" else pa.string())
    except pa.ArrowException:
        raise DataError(
            f"{what}: the column {ID_COLUMN!r} holds {ids.type}, neither text nor numbers. Write "
            "it as one of them."
        ) from None


def _schema(job: Job, model: Any, shard: Shard) -> Any:
    import pyarrow as pa

    metadata = {KEY: job.mark(shard)}
    kind = pa.string() if job.columns.ids == "string" else pa.int64()
    ids = pa.field(ID_COLUMN, kind, nullable=False)
    if job.task == "predict":
        return pa.schema(
            [ids, pa.field("label", pa.int64()), pa.field("probability", pa.float32())], metadata
        )
    n_bits = int(model.n_bits)
    ids_kind: Any = job.columns.ids or "none"
    description = Description(n_bits, ids_kind, job.maker)
    code = pa.field("code", pa.binary(description.n_bytes), nullable=False)
    fields = [code] if job.columns.ids is None else [code, ids]
    return pa.schema(fields, {CODES_KEY: description.to_json(), **metadata})


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a name to write to; what is there at the end is flushed and takes the name ``path``.

    The first name is unique, on other machines too: a worker that is believed dead and another
    one in its place never write to one file.

    Raises:
        ParameterError: The folder or the file cannot be written.
    """
    prefix = f".{path.name}.{socket.gethostname()}-{os.getpid()}."
    with explained(path, "With room the same command goes on where it stopped."):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(PARTIAL, prefix, path.parent)
        os.close(handle)
        partial = Path(name)
        try:
            partial.chmod(0o644)  # mkstemp makes it private
            yield partial
            publish(partial, path)
        finally:
            partial.unlink(missing_ok=True)
