"""Labels and truth as `quantal evaluate` takes them: one column of a file, or a named set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError, FileFormatError, ParameterError, QuantalError, suggestion

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = ("label", "labels", "y", "target", "targets", "class", "classes", "truth", "cluster")
ID = "id"
SUFFIXES = (".parquet", ".csv", ".tsv", ".npy", ".npz")
NAMED_PREFIX = "name:"
Columns = dict[str, Callable[[], "NDArray[Any]"]]
"""What gives each column or array of a file, which is not read before."""


@dataclass(frozen=True, eq=False)
class LabelColumn:
    """One label a row.

    Attributes:
        values: (n,) integers or strings.
        ids: names of the rows, if the file has them.
        what: what messages call it.
    """

    values: NDArray[Any]
    ids: Sequence[Any] | None
    what: str


def read_truth(
    source: str, ids: Sequence[Any] | None, column: str | None, data_dir: Path | None
) -> LabelColumn:
    """Read true labels from a file or, for "name:digits", from a named set.

    Args:
        source: what the user typed.
        ids: names of the rows to be judged, if they have names: some sets are asked by name.
        column: column of a table, or array of an ``.npz``.
        data_dir: folder of the named sets.
    """
    if not source.startswith(NAMED_PREFIX):
        return read_labels(source, column)
    from ..data import named

    name = source.removeprefix(NAMED_PREFIX)
    has_names = ids is not None and len(ids) > 0 and isinstance(ids[0], str)
    values = named.labels(name, data_dir, ids=ids if has_names else None)
    return LabelColumn(values, ids if has_names else None, source)


def read_labels(source: str, column: str | None = None) -> LabelColumn:
    """Read labels from a file.

    Args:
        source: path of a file with one of `SUFFIXES`.
        column: column of a table or array of an ``.npz``; default: the one with a usual name, or
            the only one.

    Raises:
        DataError: There is no such file or column, or several could be meant.
        FileFormatError: The file cannot be read.
    """
    path = Path(source)
    if not path.is_file():
        kind = "is a folder, not a file of labels" if path.is_dir() else "does not exist"
        raise DataError(f"{source} {kind}. Name a file that ends in {', '.join(SUFFIXES)}.")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ParameterError(
            f"{source} ends in {suffix or 'no suffix'!r}; labels are read from "
            f"{', '.join(SUFFIXES)} or a named set such as name:digits."
        )
    with path.open("rb"):  # one that may not be read is no damaged one
        pass
    try:
        columns = _arrays(path) if suffix in {".npy", ".npz"} else _table(path, suffix)
        has_ids = ID in columns and column != ID
        name = _choose([key for key in columns if key != ID or not has_ids], column, path.name)
        values = columns[name]()
        ids = columns[ID]().tolist() if has_ids else None
    except QuantalError:
        raise
    except Exception as error:  # the readers of Arrow and NumPy raise many kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileFormatError(f"{source} cannot be read ({reason}). Write it again.") from None
    if values.ndim != 1:
        raise DataError(
            f"{source} holds an array of shape {values.shape}, but labels are one per row. Save "
            "shape (n,)."
        )
    return LabelColumn(values, ids, path.name)


def _arrays(path: Path) -> Columns:
    from ..data.numpy_files import load_npz_array, map_npy, npz_headers

    if path.suffix.lower() == ".npy":
        return {"label": partial(map_npy, path)}
    headers = npz_headers(path)
    flat = [name for name, header in headers.items() if len(header.shape) == 1]
    return {name: partial(load_npz_array, path, name) for name in flat}


def _table(path: Path, suffix: str) -> Columns:
    import pyarrow.csv
    import pyarrow.parquet

    def column(name: str) -> NDArray[Any]:
        found = table.column(name)
        return found.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]

    if suffix == ".parquet":
        table = pyarrow.parquet.read_table(path)
    else:
        parsing = pyarrow.csv.ParseOptions(delimiter="\t" if suffix == ".tsv" else ",")
        table = pyarrow.csv.read_csv(path, parse_options=parsing)
        if all(_is_value(name, table.column(name)) for name in table.column_names):
            # No header: one was assumed.
            reading = pyarrow.csv.ReadOptions(autogenerate_column_names=True)
            table = pyarrow.csv.read_csv(path, parse_options=parsing, read_options=reading)
    return {name: partial(column, name) for name in table.column_names}


def _is_value(name: str, values: Any) -> bool:
    """Tell whether a column's name is one of its values rather: a number, or a text below."""
    try:
        float(name)
    except ValueError:
        return name.lower() not in NAMES and name in values.to_pylist()
    return True


def _choose(names: list[str], column: str | None, what: str) -> str:
    if column is not None:
        if column not in names:
            raise DataError(
                f"{what} has no column {column!r}; it has {', '.join(names)}."
                f"{suggestion(column, names)}"
            )
        return column
    usual = [name for name in names if name.lower() in NAMES]
    candidates = usual or names
    if len(candidates) != 1:
        listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        raise DataError(
            f"{what}: which of its columns ({listed}) holds the labels? "
            "Say so with --truth-column NAME."
            if names
            else f"{what} holds no column of labels. Check that it is the right file."
        )
    return candidates[0]


def align(predicted: LabelColumn, truth: LabelColumn) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the labels and the true labels of the same rows, in the same order.

    Rows are matched by id where both sides have ids, else by position.

    Raises:
        DataError: Lengths differ, ids repeat, or a row of the labels has no truth.
    """
    if predicted.ids is None or truth.ids is None or list(predicted.ids) == list(truth.ids):
        if len(predicted.values) != len(truth.values):
            raise DataError(
                f"{predicted.what} has {len(predicted.values):,} labels and {truth.what} "
                f"{len(truth.values):,}. Both must describe the same rows in the same order, or "
                "have a column id."
            )
        return predicted.values, truth.values
    place = {str(name): row for row, name in enumerate(truth.ids)}
    if len(place) != len(truth.ids):
        raise DataError(
            f"{truth.what}: some values of its column id occur twice. Make them unique."
        )
    missing = [name for name in map(str, predicted.ids) if name not in place]
    if missing:
        raise DataError(
            f"{truth.what} has no row with id {missing[0]!r} ({len(missing):,} of "
            f"{len(predicted.ids):,} ids of {predicted.what} are missing). Add them, or remove the "
            "column id to compare by position."
        )
    return predicted.values, truth.values[[place[str(name)] for name in predicted.ids]]
