"""From named columns, wherever they came from, to rows: which are data, which are names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import DataError, suggestion
from .options import Options
from .validation import LABEL_NAMES

ID_COLUMN = "id"


@dataclass(frozen=True)
class Column:
    """One column of a table before it is read.

    Attributes:
        name: Its name.
        kind: "integer", "number" (float, decimal, boolean), "list" (of numbers) or "other".
        type_name: The type as the file names it, for messages.
    """

    name: str
    kind: str
    type_name: str


def choose_columns(columns: Sequence[Column], options: Options, what: str) -> list[str]:
    """Return the names of the data columns: those asked for, else every numeric one.

    Raises:
        DataError: An unknown or repeated name, a column that is not numeric, one that looks like
            labels, or lists of numbers beside other columns.
    """
    names = [column.name for column in columns]
    _require_known((*(options.columns or ()), *options.drop), names, what)
    if options.columns is not None:
        wanted = [column for name in options.columns for column in columns if column.name == name]
    else:
        dropped = {ID_COLUMN, *options.drop}
        wanted = [column for column in columns if column.name not in dropped]
    if not wanted:
        raise DataError(
            f"{what} has no column left to read; it has {_listed(names)}. "
            "Name the data columns with columns=[...] (--columns)."
        )
    _require_numeric(wanted, what)
    if options.columns is None:
        _require_no_labels(wanted, what)
    _require_one_list(wanted, what)
    chosen = [column.name for column in wanted]
    if len(set(chosen)) < len(chosen):
        twice = next(name for name in chosen if chosen.count(name) > 1)
        raise DataError(f"{what} has more than one column named {twice!r}. Rename one of them.")
    return chosen


def _require_known(wanted: Sequence[str], names: Sequence[str], what: str) -> None:
    for name in wanted:
        if name not in names:
            raise DataError(
                f"{what} has no column {name!r}; it has {_listed(names)}.{suggestion(name, names)}"
            )


def _require_numeric(columns: Sequence[Column], what: str) -> None:
    bad = [column for column in columns if column.kind == "other"]
    if bad:
        found = _listed([f"{column.name!r} ({column.type_name})" for column in bad])
        raise DataError(
            f"{what} has columns that are not numbers: {found}. Choose the numeric ones with "
            "columns=[...] (--columns) or leave these out with drop=[...] (--drop)."
        )


def _require_no_labels(columns: Sequence[Column], what: str) -> None:
    for column in columns:
        name = column.name.lower()
        # A table of measurements may well have a column y of fractions beside x.
        may_be_label = column.kind == "integer" or (column.kind == "number" and name != "y")
        if may_be_label and name in LABEL_NAMES:
            raise DataError(
                f"{what}: the column {column.name!r} looks like labels, and quantal learns without "
                f"them. Leave it out with drop=[{column.name!r}] (--drop {column.name}), or list "
                "the data columns with columns=[...] if it is a measurement."
            )


def _require_one_list(columns: Sequence[Column], what: str) -> None:
    lists = [column.name for column in columns if column.kind == "list"]
    if lists and len(columns) > 1:
        raise DataError(
            f"{what} has lists of numbers in {_listed(lists)} beside other columns. Choose the one "
            f"that holds the rows: columns=[{lists[0]!r}] (--columns {lists[0]})."
        )


def _listed(names: Sequence[Any]) -> str:
    shown = ", ".join(str(name) for name in names[:10])
    return shown + (f", ... ({len(names)} in all)" if len(names) > 10 else "")


def empty_cells_message(what: str, name: str, count: int, row: int) -> str:
    """Say which column has cells without a value."""
    cells = "1 empty cell" if count == 1 else f"{count} empty cells"
    return (
        f"{what}: the column {name!r} has {cells} (NaN), the first in row {row} (counting from 0). "
        "Remove those rows, fill the gaps, or leave the column out with drop=[...] (--drop)."
    )
