"""From Arrow tables to one array of rows; shared by the Parquet and the CSV reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, FileFormatError
from .memory_ceiling import require_memory
from .tables import ID_COLUMN, Column, empty_cells_message


def describe_columns(schema: Any) -> list[Column]:
    """Return name and kind of every column of an Arrow schema."""
    return [Column(field.name, _kind(field.type), _type_name(field.type)) for field in schema]


def _type_name(arrow_type: Any) -> str:
    return "empty" if str(arrow_type) == "null" else str(arrow_type)


def _kind(arrow_type: Any) -> str:
    from pyarrow import types

    if types.is_integer(arrow_type):
        return "integer"
    if _is_number(arrow_type):
        return "number"
    is_list = (
        types.is_list(arrow_type)
        or types.is_large_list(arrow_type)
        or types.is_fixed_size_list(arrow_type)
    )
    if is_list and (_is_number(arrow_type.value_type) or types.is_integer(arrow_type.value_type)):
        return "list"
    return "other"


def _is_number(arrow_type: Any) -> bool:
    from pyarrow import types

    return bool(
        types.is_floating(arrow_type)
        or types.is_decimal(arrow_type)
        or types.is_boolean(arrow_type)
    )


class RowCollector:
    """Copies record batches into one array that is allocated once, when the width is known.

    Args:
        names: Data columns, in order; one list column or any number of plain ones.
        schema: Arrow schema of the batches.
        n_rows: Rows that will come.
        what: What messages call the data.
    """

    def __init__(self, names: Sequence[str], schema: Any, n_rows: int, what: str) -> None:
        self.names, self.n_rows, self.what = list(names), n_rows, what
        types = [schema.field(name).type for name in names]
        self.is_list = _kind(types[0]) == "list"
        values = [types[0].value_type] if self.is_list else types
        self.dtype = np.result_type(*(_numpy_dtype(value) for value in values))
        self.rows: NDArray[Any] | None = None if self.is_list else self._allocate(len(names))
        self.ids: list[str] = []
        self.filled = 0

    def _allocate(self, width: int) -> NDArray[Any]:
        require_memory(self.n_rows * width * self.dtype.itemsize, self.what)
        return np.empty((self.n_rows, width), self.dtype)

    def add(self, batch: Any) -> None:
        """Append the rows of one record batch."""
        if batch.num_rows == 0:
            return
        stop = self.filled + batch.num_rows
        if stop > self.n_rows:
            raise self._other_count(f"more than {self.n_rows}")
        if self.is_list:
            values = self._list_rows(batch.column(batch.schema.get_field_index(self.names[0])))
            if self.rows is None:
                self.rows = self._allocate(values.shape[1])
            self._require_width(values.shape[1], self.filled)
            self.rows[self.filled : stop] = values
        else:
            assert self.rows is not None
            for position, name in enumerate(self.names):
                column = batch.column(batch.schema.get_field_index(name))
                self._require_full(column, name)
                self.rows[self.filled : stop, position] = _numbers(column, self.dtype)
        if ID_COLUMN in batch.schema.names and ID_COLUMN not in self.names:
            column = batch.column(batch.schema.get_field_index(ID_COLUMN))
            self.ids += [str(value) for value in column.to_pylist()]
        self.filled = stop

    def finish(self) -> NDArray[Any]:
        """Return the rows, (n_rows, width)."""
        if self.rows is None:
            return np.empty((0, 1), self.dtype)
        if self.filled != self.n_rows:
            raise self._other_count(f"{self.filled} of {self.n_rows}")
        return self.rows

    def _other_count(self, found: str) -> FileFormatError:
        return FileFormatError(
            f"{self.what} holds {found} rows that it says it has. It is damaged; write it again."
        )

    def _list_rows(self, column: Any) -> NDArray[Any]:
        """One list column -> (rows, width)."""
        self._require_full(column, self.names[0])
        lengths = np.asarray(column.value_lengths()) if hasattr(column, "value_lengths") else None
        if lengths is None:  # fixed-size lists all have the length of the type
            lengths = np.full(len(column), column.type.list_size)
        wrong = np.flatnonzero(lengths != lengths[0])
        if len(wrong):
            self._require_width(int(lengths[wrong[0]]), self.filled + int(wrong[0]), lengths[0])
        values = column.flatten()
        if values.null_count:
            row = self.filled + int(np.argmax(np.asarray(values.is_null()))) // int(lengths[0])
            raise DataError(empty_cells_message(self.what, self.names[0], values.null_count, row))
        return _numbers(values, self.dtype).reshape(len(column), int(lengths[0]))

    def _require_width(self, width: int, row: int, expected: int | None = None) -> None:
        assert expected is not None or self.rows is not None
        first = int(expected) if expected is not None else self.rows.shape[1]  # type: ignore[union-attr]
        if width != first:
            raise DataError(
                f"{self.what} mixes widths: the list in row {row} (counting from 0) of "
                f"{self.names[0]!r} has {width} numbers, the first has {first}. Write rows of one "
                "length."
            )

    def _require_full(self, column: Any, name: str) -> None:
        if column.null_count:
            row = self.filled + int(np.argmax(np.asarray(column.is_null())))
            raise DataError(empty_cells_message(self.what, name, column.null_count, row))


def _numpy_dtype(arrow_type: Any) -> np.dtype[Any]:
    from pyarrow import types

    if types.is_decimal(arrow_type):
        return np.dtype(np.float64)
    dtype: np.dtype[Any] = np.dtype(arrow_type.to_pandas_dtype())
    return dtype


def _numbers(column: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    from pyarrow import float64, types

    if types.is_decimal(column.type):
        column = column.cast(float64())
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(dtype, copy=False)


def collect(batches: Iterable[Any], collector: RowCollector) -> NDArray[Any]:
    """Feed every batch to the collector and return the rows."""
    for batch in batches:
        collector.add(batch)
    return collector.finish()
