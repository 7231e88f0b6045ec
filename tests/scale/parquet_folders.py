"""Folders of Parquet files and models that take milliseconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

D = 6
SIZES = (300, 1, 0, 700, 257)  # rows of the shards: a whole pass, one row, none


def rows(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, D)).astype(np.float32)


def table(x: np.ndarray, *, ids: str | None = "row", as_list: bool = False) -> pa.Table:
    if as_list:
        columns = {"v": pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), x.shape[1])}
    else:
        columns = {f"c{i}": pa.array(x[:, i]) for i in range(x.shape[1])}
    if ids is not None:
        columns["id"] = pa.array([f"{ids}-{i}" for i in range(len(x))], pa.string())
    return pa.table(columns)


def write_folder(folder: Path, sizes=SIZES, **how) -> Path:
    """Write shards, one of them in a folder of its own, with row groups of 100 rows."""
    for number, size in enumerate(sizes):
        path = folder / ("more" if number == 1 else "") / f"s{number}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = table(rows(size, number), **({"ids": f"s{number}"} | how))
        pq.write_table(content, path, row_group_size=100)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder and its bytes."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
