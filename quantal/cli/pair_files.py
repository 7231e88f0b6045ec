"""Files of pairs of rows that are known to belong together or not, for ``quantal fit --pairs``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError, FileFormatError, ParameterError, QuantalError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUFFIXES = (".npy", ".csv", ".tsv", ".parquet")
COLUMNS = "two rows and 1 (similar) or 0 (not)"


def read_pair_file(path: Path) -> list[NDArray[Any]]:
    """Read the three columns of a file of pairs, as they stand there.

    Args:
        path: ``.npy`` of shape (m, 3), or a table of three columns in this order, whatever they
            are called; a ``.csv`` or ``.tsv`` may do without a header.

    Raises:
        DataError: There is no such file, or it has another number of columns or no pairs.
        ParameterError: Another suffix.
        FileFormatError: The file cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ParameterError(
            f"--pairs {path} ends in {path.suffix or 'no suffix'!r}; pairs are read from "
            f"{', '.join(SUFFIXES)}."
        )
    if not path.is_file():
        raise DataError(f"--pairs {path} does not exist. Name a file of {COLUMNS}.")
    with path.open("rb"):  # one that may not be read is no damaged one
        pass
    try:
        columns = _array(path) if suffix == ".npy" else _table(path, suffix)
    except QuantalError:
        raise
    except Exception as error:  # the readers of Arrow and NumPy raise many kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileFormatError(f"{path} cannot be read ({reason}). Write it again.") from None
    if len(columns) != 3:
        raise DataError(f"{path} has {len(columns)} columns, but pairs have three: {COLUMNS}.")
    if not len(columns[0]):
        raise DataError(f"{path} holds no pairs. Write one a line: {COLUMNS}.")
    return columns


def row_pairs(
    columns: Sequence[NDArray[Any]], ids: Sequence[str] | None, what: str
) -> tuple[NDArray[Any], ...]:
    """Return pairs as ``fit`` takes them: columns of names become row numbers.

    Args:
        columns: as of `read_pair_file`.
        ids: names of the rows, or None.
        what: what messages call the file.

    Raises:
        DataError: Names where rows have none, or names that no row has.
    """
    import numpy as np

    place = {name: row for row, name in enumerate(ids or ())}
    found = []
    for column in columns[:2]:
        if np.issubdtype(column.dtype, np.number):
            found.append(column)
            continue
        if not place:
            raise DataError(
                f"{what} names rows, such as {column[0]!r}, but the rows of DATA have no names. "
                "Write row numbers, counted from 0."
            )
        missing = [name for name in column.tolist() if name not in place]
        if missing:
            raise DataError(
                f"{what}: no row of DATA is called {missing[0]!r} ({len(missing):,} such). Write "
                "the names that DATA has, or row numbers from 0."
            )
        found.append(np.array([place[name] for name in column.tolist()], np.int64))
    return (*found, columns[2])


def _array(path: Path) -> list[NDArray[Any]]:
    from ..data.numpy_files import map_npy

    table = map_npy(path)
    return list(table.T) if table.ndim == 2 else [table]


def _table(path: Path, suffix: str) -> list[NDArray[Any]]:
    import pyarrow.csv
    import pyarrow.parquet

    if suffix == ".parquet":
        table = pyarrow.parquet.read_table(path)
    else:
        parsing = pyarrow.csv.ParseOptions(delimiter="\t" if suffix == ".tsv" else ",")
        table = pyarrow.csv.read_csv(path, parse_options=parsing)
        if _is_answer(table.column_names[-1]):  # no header: one was assumed
            reading = pyarrow.csv.ReadOptions(autogenerate_column_names=True)
            table = pyarrow.csv.read_csv(path, parse_options=parsing, read_options=reading)
    return [column.to_numpy() for column in table.columns]


def _is_answer(name: str) -> bool:
    """Tell whether the name of a column is 0 or 1, in whatever way: 1.000e+00 or true."""
    if name.strip().lower() in {"true", "false"}:
        return True
    try:
        return float(name) in {0, 1}
    except ValueError:
        return False
