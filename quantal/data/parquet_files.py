"""Parquet tables: numeric columns, or one column of equally long lists."""

from __future__ import annotations

from pathlib import Path

from ..errors import DataError, FileFormatError
from .arrays import array_dataset
from .arrow_columns import RowCollector, collect, describe_columns
from .dataset import Dataset
from .options import Options
from .tables import ID_COLUMN, choose_columns

BATCH_ROWS = 16_384


def read_parquet(path: Path, options: Options) -> Dataset:
    """Read the data columns of a Parquet file batch by batch; a column ``id`` names the rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema, n_rows = file.schema_arrow, file.metadata.num_rows
            if n_rows < 1:  # a damaged file may say less than nothing
                raise DataError(f"{path.name} has no rows. Check that it was written completely.")
            names = choose_columns(describe_columns(schema), options, path.name)
            read = [*names, *([ID_COLUMN] if ID_COLUMN in schema.names else [])]
            collector = RowCollector(names, schema, n_rows, path.name)
            batches = file.iter_batches(BATCH_ROWS, columns=list(dict.fromkeys(read)))
            x = collect(batches, collector)
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:  # also of names
        reason = str(error).partition("\n")[0].rstrip(".")
        raise FileFormatError(
            f"{path.name} is truncated, damaged or not a Parquet file ({reason}). Write it again."
        ) from None
    reader = {"columns": names}
    ids = collector.ids or None
    return array_dataset(x, path.stem, options, what=path.name, ids=ids, reader=reader)
