"""Files of labels, written block by block under a temporary name."""

from __future__ import annotations

import csv
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = ("id", "label", "probability")


class LabelFile(ABC):
    """A file of labels that appears whole, at the end of the ``with`` block, or not at all.

    Args:
        path: where it appears; folders are made.
        n_rows: how many rows will be written.
        has_names: whether ids are strings; otherwise they are row numbers.
    """

    def __init__(self, path: Path, n_rows: int, *, has_names: bool) -> None:
        self.path = path
        self.n_rows = n_rows
        self.has_names = has_names
        self.partial = path.with_name(f".{path.name}.{os.getpid()}.partial")

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open()
        except BaseException:
            self.partial.unlink(missing_ok=True)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._close()
            if kind is None:
                self.partial.replace(self.path)
        finally:
            self.partial.unlink(missing_ok=True)

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _close(self) -> None: ...

    @abstractmethod
    def write(
        self, ids: Sequence[str] | Sequence[int], labels: NDArray[Any], probabilities: NDArray[Any]
    ) -> None:
        """Append rows: names or numbers (n,), labels (n,) int64, probabilities (n,) float32."""


class ParquetLabels(LabelFile):
    """Columns id (string or int64), label (int64), probability (float32)."""

    def _open(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = (pa.string() if self.has_names else pa.int64(), pa.int64(), pa.float32())
        self._schema = pa.schema(list(zip(COLUMNS, kinds, strict=True)))
        self._writer = pq.ParquetWriter(self.partial, self._schema)

    def _close(self) -> None:
        self._writer.close()

    def write(self, ids: Any, labels: NDArray[Any], probabilities: NDArray[Any]) -> None:
        """Append a row group."""
        import pyarrow as pa

        arrays = [
            pa.array(values, type=field.type)
            for values, field in zip((ids, labels, probabilities), self._schema, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))


class CsvLabels(LabelFile):
    """The same columns as text, with a header."""

    _stream: IO[str]

    def _open(self) -> None:
        self._stream = self.partial.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._stream)
        self._writer.writerow(COLUMNS)

    def _close(self) -> None:
        self._stream.close()

    def write(self, ids: Any, labels: NDArray[Any], probabilities: NDArray[Any]) -> None:
        """Append lines."""
        rounded = [f"{value:.6g}" for value in probabilities.tolist()]
        self._writer.writerows(zip(ids, labels.tolist(), rounded, strict=True))


class NumpyLabels(LabelFile):
    """The labels alone, shape (n,), int64."""

    _stream: IO[bytes]

    def _open(self) -> None:
        from numpy.lib import format as npy

        self._stream = self.partial.open("wb")
        header = {"descr": "<i8", "fortran_order": False, "shape": (self.n_rows,)}
        npy.write_array_header_1_0(self._stream, header)

    def _close(self) -> None:
        self._stream.close()

    def write(self, ids: Any, labels: NDArray[Any], probabilities: NDArray[Any]) -> None:  # noqa: ARG002
        """Append the labels' bytes."""
        self._stream.write(labels.astype("<i8").tobytes())


WRITERS: dict[str, type[LabelFile]] = {
    ".parquet": ParquetLabels,
    ".csv": CsvLabels,
    ".npy": NumpyLabels,
}


def label_file(path: Path, n_rows: int, *, has_names: bool) -> LabelFile:
    """Return the writer for the suffix of ``path``, which was checked before."""
    return WRITERS[path.suffix.lower()](path, n_rows, has_names=has_names)
