"""Codes in a table of LanceDB, in a folder: ``lancedb:PATH``."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError, FileFormatError, QuantalError, require_extra
from ..description import MAX_BITS, Description
from ..index_options import Option
from .address import Address
from .capability import StoreIndex, StorePlan, StoreType, opening_options
from .description import StoreDescription
from .folder import new_folder, read_description, write_description
from .source import CodeBatch, CodeSource
from .store import CodeStore, table_of
from .ties import Table

TABLE = "codes"
KEY = b"quantal"
QUERIES_A_CALL = 32  # three times as quick as one by one, where there are few codes
INDEX_TYPES = {"ivf_flat": "IVF_FLAT", "ivf_hnsw_flat": "IVF_HNSW_FLAT"}


class LanceStore(CodeStore):
    """Codes in a table of LanceDB, on disk."""

    def __init__(self, address: Address) -> None:
        lancedb = _lancedb()
        description = read_description(address)
        options = opening_options(LANCEDB, description, address)
        super().__init__(description, options, exact=LANCEDB.kinds[description.kind].exact)
        self._address = address
        with _reading(address):
            self._table = lancedb.connect(address.place).open_table(TABLE)
            n_rows, schema = self._table.count_rows(), self._table.schema
        if n_rows != len(self) or not schema.equals(_schema(description.codes)):
            raise FileFormatError(
                f"{address} does not hold the {len(self)} codes of {self.n_bits} bits that its "
                "description says. Write the codes again."
            )

    def _nearest(self, queries: NDArray[np.uint8], count: int) -> Table:
        found: list[tuple[Any, Any]] = []
        with _reading(self._address):
            for start in range(0, len(queries), QUERIES_A_CALL):
                found += self._of_some(list(queries[start : start + QUERIES_A_CALL]), count)
        return table_of(found, count, self.n_bits)

    def _of_some(self, queries: list[NDArray[np.uint8]], count: int) -> list[tuple[Any, Any]]:
        """Return distances and rows of each query, in any order."""
        several = len(queries) > 1  # of one query the answer has no column query_index
        asked = self._table.search(
            queries if several else queries[0], vector_column_name="code", query_type="vector"
        )
        asked = asked.distance_type("hamming").limit(count).select(["row", "_distance"])
        if self.exact:
            asked = asked.bypass_vector_index()
        else:
            asked = asked.nprobes(int(self.options["n_probes"]))
            if "ef_search" in self.options:
                asked = asked.ef(max(count, int(self.options["ef_search"])))
        found = asked.to_arrow()
        distances, rows = (found.column(name).to_numpy() for name in ("_distance", "row"))
        if not several:
            return [(distances, rows)]
        of = found.column("query_index").to_numpy()
        return [(distances[of == query], rows[of == query]) for query in range(len(queries))]

    def _ids_of(self, rows: NDArray[np.int64]) -> Any:
        if not len(rows):
            return []
        with _reading(self._address):
            # Nothing was deleted since the table was written, so offsets are row numbers.
            found = self._table.take_offsets(rows.tolist()).select(["row", "id"]).to_arrow()
        named = dict(zip(found["row"].to_pylist(), found["id"].to_pylist(), strict=True))
        return [named[row] for row in rows.tolist()]


def write_lancedb(address: Address, plan: StorePlan, source: CodeSource) -> None:
    """Write codes to a folder: a LanceDB with the table ``codes``, and the description.

    Batches go to the disk as they come. Indexes other than "flat" are built over the table.
    """
    lancedb = _lancedb()
    import pyarrow as pa

    n_lists = int(plan.options.get("n_lists", 0))
    if source.n_rows < max(1, n_lists):
        raise DataError(
            f"{source.n_rows} codes cannot be stored"
            + (f" in n_lists={n_lists} lists" if n_lists else ": LanceDB needs at least one")
            + ". Write more codes, or fewer lists."
        )
    described = StoreDescription(
        "lancedb", plan.kind, plan.options, source.description, source.longest_id()
    )
    schema = _schema(source.description).with_metadata({KEY: described.to_json()})
    with new_folder(address) as folder:
        reader = pa.RecordBatchReader.from_batches(
            schema, (_record_batch(batch, schema) for batch in source.read())
        )
        table = lancedb.connect(str(folder)).create_table(TABLE, data=reader, schema=schema)
        if plan.kind in INDEX_TYPES:
            _build_index(table, plan.kind, n_lists)
        write_description(folder, described)


def _lancedb() -> Any:
    """Import LanceDB; its engine then keeps warnings about its own inner life to itself."""
    level = os.environ.get("LANCEDB_LOG")
    os.environ.setdefault("LANCEDB_LOG", "error")
    try:
        return require_extra("lancedb", "stores")
    finally:
        if level is None:
            del os.environ["LANCEDB_LOG"]


def _build_index(table: Any, kind: str, n_lists: int) -> None:
    with warnings.catch_warnings():
        # The newer way of asking has no Hamming distance for the graph.
        warnings.simplefilter("ignore", DeprecationWarning)
        table.create_index(
            metric="hamming",
            vector_column_name="code",
            index_type=INDEX_TYPES[kind],
            num_partitions=n_lists,
        )


def _schema(codes: Description) -> Any:
    import pyarrow as pa

    fields = [pa.field("row", pa.int64(), nullable=False)]
    if codes.ids != "none":
        kind = pa.string() if codes.ids == "string" else pa.int64()
        fields.append(pa.field("id", kind, nullable=False))
    code = pa.list_(pa.uint8(), codes.n_bytes)
    return pa.schema([*fields, pa.field("code", code, nullable=False)])


def _record_batch(batch: CodeBatch, schema: Any) -> Any:
    import pyarrow as pa

    bytes_ = pa.array(np.ascontiguousarray(batch.packed).ravel(), pa.uint8())
    code = pa.FixedSizeListArray.from_arrays(bytes_, batch.packed.shape[1])
    columns = [pa.array(batch.rows), code]
    if batch.ids is not None:
        columns.insert(1, pa.array(batch.ids, schema.field("id").type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


@contextmanager
def _reading(address: Address) -> Iterator[None]:
    """Turn what LanceDB raises for damaged files into FileFormatError."""
    try:
        yield
    except QuantalError:
        raise
    except Exception as error:  # LanceDB has no exception of its own
        reason = str(error).partition("\n")[0][:200].rstrip(".")
        raise FileFormatError(
            f"{address} cannot be read by LanceDB ({reason}). Write the codes again."
        ) from None


REAL = "it is for real-valued vectors."
LANCEDB = StoreType(
    "lancedb",
    "LanceDB",
    kinds={
        "flat": StoreIndex(exact=True, max_bits=MAX_BITS),
        "ivf_flat": StoreIndex(
            exact=False,
            max_bits=MAX_BITS,
            written={"n_lists": Option(256)},
            searched={"n_probes": Option(16)},
        ),
        "ivf_hnsw_flat": StoreIndex(
            exact=False,
            max_bits=MAX_BITS,
            written={"n_lists": Option(1)},
            searched={"n_probes": Option(1), "ef_search": Option(64, high=1_000_000)},
        ),
    },
    unable=dict.fromkeys(("ivf_pq", "ivf_sq", "ivf_rq", "ivf_hnsw_pq", "ivf_hnsw_sq"), REAL),
    write=write_lancedb,
    open=LanceStore,
)
