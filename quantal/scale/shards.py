"""The Parquet files of a folder: which there are, what they hold, how changed ones are told."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.arrow_columns import describe_columns
from ..data.options import Options
from ..data.tables import ID_COLUMN, choose_columns
from ..errors import DataError

SUFFIX = ".parquet"
PIECES = 64  # of a shard that its fingerprint covers, spread evenly
PIECE_BYTES = 4096
FOOTER_BYTES = 64 << 10  # where Parquet keeps sizes, offsets and extremes of every column
LISTED = 5


@dataclass(frozen=True)
class Shard:
    """One file of the input.

    Attributes:
        name: Its path in the folder, with forward slashes; the output has the same.
        n_bytes: Its size.
        fingerprint: Of its size, its last 64 KiB and 64 pieces of 4 KiB.
        n_rows: Its rows; None where the file cannot be read.
        damage: Why it could not be processed, or None.
    """

    name: str
    n_bytes: int
    fingerprint: str
    n_rows: int | None = None
    damage: str | None = None


@dataclass(frozen=True)
class Columns:
    """What is read of every shard.

    Attributes:
        names: Data columns, in the order that the model takes.
        types: Their Arrow types, as text.
        ids: How the column ``id`` is written: "int64", "string", or None where there is none.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    ids: str | None


def shard_names(folder: Path) -> list[str]:
    """Return the Parquet files below a folder, sorted; hidden ones and those with ``_`` are not.

    Raises:
        DataError: No folder, or no Parquet file in it.
    """
    if not folder.exists():
        raise DataError(f"{folder} does not exist. Check the path.")
    if not folder.is_dir():
        raise DataError(
            f"{folder} is a file, and shards lie in a folder. Name a folder of {SUFFIX} files, or "
            "leave out --engine."
        )
    found = [path.relative_to(folder) for path in folder.rglob(f"*{SUFFIX}") if path.is_file()]
    names = [path.as_posix() for path in found if not any(part[0] in "._" for part in path.parts)]
    if not names:
        raise DataError(
            f"{folder} holds no {SUFFIX} file. Write the rows as Parquet, or leave out --engine."
        )
    return sorted(names)


def look_at(folder: Path, name: str) -> tuple[Shard, Any]:
    """Return a shard with the Arrow schema of its file, or with its damage and None."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / name
    try:
        n_bytes, mark = path.stat().st_size, fingerprint_of(path)
    except OSError as error:
        return Shard(name, 0, "", damage=f"cannot be read ({error.strerror})"), None
    try:
        with pq.ParquetFile(path) as file:
            return Shard(name, n_bytes, mark, int(file.metadata.num_rows)), file.schema_arrow
    except (pa.ArrowException, OSError, EOFError) as error:
        return Shard(name, n_bytes, mark, damage=unreadable(error)), None


def unreadable(error: BaseException) -> str:
    """Return what is said of a file that Arrow refuses."""
    reason = str(error).partition("\n")[0].rstrip(".")
    return f"is truncated, damaged or not a Parquet file ({reason})"


def fingerprint_of(path: Path) -> str:
    """Return a hash of a file's size, its footer and pieces of it: quick for any size."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for piece in range(PIECES):
            file.seek(piece * size // PIECES)
            digest.update(file.read(PIECE_BYTES))
        file.seek(max(0, size - FOOTER_BYTES))
        digest.update(file.read())
    return digest.hexdigest()


def common_columns(schemas: Sequence[tuple[str, Any]], options: Options) -> Columns:
    """Return the columns that all shards have.

    Args:
        schemas: names of the readable shards and their Arrow schemas.
        options: columns to use or to drop.

    Raises:
        DataError: The columns cannot be used, or a shard has others than the first one.
    """
    first_name, first = schemas[0]
    expected = _columns_of(first_name, first, options)
    for name, schema in schemas[1:]:
        found = _columns_of(name, schema, options)
        if found != expected:
            raise DataError(
                f"The shards differ: {first_name} has {_listed(expected)}, but {name} has "
                f"{_listed(found)}. Write them alike, or choose with --columns and --drop."
            )
    return expected


def _columns_of(name: str, schema: Any, options: Options) -> Columns:
    names = choose_columns(describe_columns(schema), options, name)
    types = tuple(str(schema.field(column).type) for column in names)
    has_ids = ID_COLUMN in schema.names and ID_COLUMN not in names
    return Columns(tuple(names), types, _id_kind(schema) if has_ids else None)


def _id_kind(schema: Any) -> str:
    from pyarrow import types

    kind = schema.field(ID_COLUMN).type
    is_whole = types.is_integer(kind) and not types.is_uint64(kind)
    return "int64" if is_whole else "string"


def _listed(columns: Columns) -> str:
    pairs = [f"{n} ({t})" for n, t in zip(columns.names, columns.types, strict=True)]
    shown = ", ".join(pairs[:LISTED])
    more = f", ... ({len(pairs)} in all)" if len(pairs) > LISTED else ""
    ids = f" and {columns.ids} ids" if columns.ids else ""
    return f"{shown}{more}{ids}"
