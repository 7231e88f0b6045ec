"""The edited labels as a file to take away."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..valid_text import valid_text
from .curation import Curation
from .model_rows import ModelRows

BLOCK = 65_536
CHUNK = 1 << 20


class EditedLabels:
    """Labels at one moment, row by row: id, original_label, label, name and junk.

    Args:
        rows: the rows, for their ids.
        curation: the edits so far.
    """

    def __init__(self, rows: ModelRows, curation: Curation) -> None:
        self._ids, self._n = rows.data.ids, len(rows)
        self._original = curation.original
        self._labels, tags = curation.labels_and_tags()
        self._names = np.array([tag.name for tag in tags], object)
        self._junk = np.array([tag.is_junk for tag in tags], bool)

    def csv(self) -> Iterator[bytes]:
        """Yield a CSV file with a line of column names."""
        from pyarrow import csv

        for number, table in enumerate(self._tables()):
            stream = io.BytesIO()
            csv.write_csv(table, stream, csv.WriteOptions(include_header=number == 0))
            yield stream.getvalue()

    def parquet(self) -> Iterator[bytes]:
        """Yield a Parquet file, once it is complete."""
        import pyarrow.parquet as pq

        with tempfile.TemporaryFile() as file:
            with pq.ParquetWriter(file, self._schema()) as writer:
                for table in self._tables():
                    writer.write_table(table)
            file.seek(0)
            while chunk := file.read(CHUNK):
                yield chunk

    def _schema(self) -> Any:
        import pyarrow as pa

        ids = pa.int64() if self._ids is None else pa.string()
        return pa.schema(
            [
                ("id", ids),
                ("original_label", pa.int64()),
                ("label", pa.int64()),
                ("name", pa.string()),
                ("junk", pa.bool_()),
            ]
        )

    def _tables(self) -> Iterator[Any]:
        import pyarrow as pa

        schema = self._schema()
        for start in range(0, self._n, BLOCK):
            stop = min(start + BLOCK, self._n)
            here: NDArray[np.int32] = self._labels[start:stop]
            ids = (
                range(start, stop) if self._ids is None else map(valid_text, self._ids[start:stop])
            )
            columns = [
                list(ids),
                self._original[start:stop].astype(np.int64),
                here.astype(np.int64),
                [valid_text(name) for name in self._names[here]],
                self._junk[here],
            ]
            arrays = [
                pa.array(values, type=field.type)
                for values, field in zip(columns, schema, strict=True)
            ]
            yield pa.Table.from_arrays(arrays, schema=schema)
