"""Tables in text form: comma, semicolon or tab between fields, with or without a header."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..errors import DataError, FileFormatError
from .arrays import array_dataset
from .arrow_columns import RowCollector, collect, describe_columns
from .dataset import Dataset
from .memory_ceiling import require_memory
from .options import Options
from .tables import choose_columns

MAX_LINE = 16 << 20  # bytes of one row
RAGGED = re.compile(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+): ?(.*)", re.DOTALL)
SEPARATORS = "\t;,"  # of two that split the first line equally, the earlier one


def read_csv(path: Path, options: Options) -> Dataset:
    """Read a table in text form; a column ``id`` names the rows.

    The separator is the one that splits the first line into most fields, or into numbers with
    decimal commas; beside another one a comma is the decimal point. Without ``header`` the first
    line is a header if it has no number, or text above a column of numbers.
    """
    require_memory(path.stat().st_size, path.name)
    first, second = _first_lines(path)
    separator = "\t" if path.suffix.lower() == ".tsv" else _separator(first)
    has_header = options.header
    if has_header is None:
        has_header = looks_like_header(_fields(first, separator), _fields(second, separator))
    decimal = "," if separator != "," and "," in second else "."
    table = _parse(path, separator, has_header, decimal)
    if table.num_rows == 0:
        raise DataError(f"{path.name} has no rows. Check that it was written completely.")
    names = choose_columns(describe_columns(table.schema), options, path.name)
    collector = RowCollector(names, table.schema, table.num_rows, path.name)
    x = collect(table.to_batches(), collector)
    reader: dict[str, Any] = {"columns": names} if has_header or options.columns else {}
    if options.header is not None:
        reader["header"] = options.header
    ids = collector.ids or None
    return array_dataset(x, path.stem, options, what=path.name, ids=ids, reader=reader)


def _separator(line: str) -> str:
    """Return what splits a line into numbers with decimal commas, else into most fields."""
    for candidate in SEPARATORS[:-1]:
        if candidate in line and all(_is_number(field) for field in _fields(line, candidate)):
            return candidate
    return max(SEPARATORS, key=line.count)


def looks_like_header(first: list[str], second: list[str]) -> bool:
    """Return whether the first line of a table names its columns.

    It does if no field of it is a number, or if a field is text where the next line has a number.
    """
    filled = [field for field in first if field]
    if filled and not any(_is_number(field) for field in filled):
        return True
    pairs = zip(first, second, strict=False)
    return any(above and not _is_number(above) and _is_number(below) for above, below in pairs)


def _is_number(field: str) -> bool:
    try:
        float(field.replace(",", "."))
    except ValueError:
        return False
    return True


def _first_lines(path: Path) -> tuple[str, str]:
    with path.open("rb") as stream:
        raw = [stream.readline(MAX_LINE), stream.readline(MAX_LINE)]
    try:
        first, second = (line.decode("utf-8-sig").strip("\r\n") for line in raw)
    except UnicodeDecodeError:
        raise FileFormatError(
            f"{path.name} is not UTF-8 text. Save it as UTF-8, for example with "
            "iconv -f latin1 -t utf-8."
        ) from None
    if "\0" in first:
        raise FileFormatError(f"{path.name} is not text: it holds zero bytes. Check the file.")
    if not first.strip():
        raise DataError(f"{path.name} is empty: no rows. Check that it was written completely.")
    return first, second


def _fields(line: str, separator: str) -> list[str]:
    return [field.strip().strip('"').strip() for field in line.split(separator)]


def _parse(path: Path, separator: str, has_header: bool, decimal: str) -> Any:
    """Parse the file; whole-number columns that later hold fractions are read again as floats."""
    import pyarrow as pa
    from pyarrow import csv

    read = csv.ReadOptions(autogenerate_column_names=not has_header, block_size=MAX_LINE)
    parse = csv.ParseOptions(delimiter=separator)

    def attempt(types: dict[str, Any] | None = None) -> Any:
        convert = csv.ConvertOptions(column_types=types, decimal_point=decimal)
        return csv.read_csv(path, read_options=read, parse_options=parse, convert_options=convert)

    try:
        try:
            return attempt()
        except pa.ArrowInvalid as error:
            if RAGGED.search(str(error)):
                raise
            with csv.open_csv(path, read_options=read, parse_options=parse) as stream:
                schema = stream.schema  # types of the first block only
            whole = {
                field.name: pa.float64() for field in schema if pa.types.is_integer(field.type)
            }
            return attempt(whole)
    except (pa.ArrowException, OSError) as error:
        raise _refusal(path, str(error)) from None


def _refusal(path: Path, reason: str) -> DataError | FileFormatError:
    ragged = RAGGED.search(reason)
    if ragged:
        row, expected, got, text = ragged.groups()
        place = f"line {row}" if row is not None else f"the line {text[:60]!r}"
        return DataError(
            f"{path.name} mixes widths: {place} has {got} fields, the first line has {expected}. "
            "Write rows of one width."
        )
    if "Empty CSV" in reason:
        return DataError(f"{path.name} has no rows. Check that it was written completely.")
    return FileFormatError(
        f"{path.name} cannot be read as a table ({reason.partition(chr(10))[0].rstrip('.')}). "
        "Write plain UTF-8 text, one row a line, with equal numbers of fields."
    )
