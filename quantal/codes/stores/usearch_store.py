"""Codes in a file of usearch, in a folder: ``usearch:PATH``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.file_hash import file_sha256
from ...errors import FileFormatError, require_extra
from ...threads import thread_count
from ..index_options import Option
from .address import Address
from .capability import StoreIndex, StorePlan, StoreType, opening_options
from .description import StoreDescription
from .folder import new_folder, read_description, require_checksums, write_description
from .folder_ids import batches_writing_ids, read_folder_ids
from .source import CodeSource
from .store import CodeStore, pick, table_of
from .ties import Table

INDEX = "codes.usearch"
MOST_SEEN = 1_000_000  # codes that the graph keeps in view, in memory taken at once


class UsearchStore(CodeStore):
    """Codes in a file of usearch, mapped into memory.

    Searched code by code, or through the graph with ``exact=false``.
    """

    def __init__(self, address: Address) -> None:
        usearch = require_extra("usearch.index", "stores")
        description = read_description(address)
        options = opening_options(USEARCH, description, address)
        super().__init__(description, options, exact=bool(options["exact"]))
        require_checksums(address, description, INDEX)
        self._index = usearch.Index.restore(str(Path(address.place) / INDEX), view=True)
        width, found = 8 * description.codes.n_bytes, self._index
        if found is None or (found.ndim, len(found)) != (width, len(self)):
            raise FileFormatError(
                f"{address} does not hold {len(self)} codes of {width} bits. Write them again."
            )
        self._index.expansion_search = int(options["expansion_search"])
        self._names = read_folder_ids(address, description)

    def _nearest(self, queries: NDArray[np.uint8], count: int) -> Table:
        found = self._index.search(queries, count, exact=self.exact, threads=thread_count(None))
        if len(queries) == 1:  # a single query gets an array of one dimension less
            return table_of([(np.ravel(found.distances), np.ravel(found.keys))], count, self.n_bits)
        pairs = [(found[i].distances, found[i].keys) for i in range(len(queries))]
        return table_of(pairs, count, self.n_bits)

    def _ids_of(self, rows: NDArray[np.int64]) -> Any:
        return pick(self._names, rows)


def write_usearch(address: Address, plan: StorePlan, source: CodeSource) -> None:
    """Write codes to a folder: usearch's file, ids, and the description.

    usearch builds its graph in memory. Keys are row numbers; ids, which may be strings, stand
    beside.
    """
    usearch = require_extra("usearch.index", "stores")
    options = plan.options
    with new_folder(address) as folder:
        index = usearch.Index(
            ndim=8 * source.description.n_bytes,  # whole bytes, as they are packed
            metric=usearch.MetricKind.Hamming,
            dtype=usearch.ScalarKind.B1,
            connectivity=int(options["connectivity"]),
            expansion_add=int(options["expansion_add"]),
        )
        for batch in batches_writing_ids(folder, source):
            index.add(batch.rows.astype(np.uint64), batch.packed, threads=thread_count(None))
        index.save(str(folder / INDEX))
        described = StoreDescription(
            "usearch",
            plan.kind,
            options,
            source.description,
            source.longest_id(),
            {INDEX: file_sha256(folder / INDEX)},
        )
        write_description(folder, described)


USEARCH = StoreType(
    "usearch",
    "usearch",
    kinds={
        "hnsw": StoreIndex(
            exact=True,
            max_bits=1 << 16,
            written={
                "connectivity": Option(16, low=2, high=1024),
                "expansion_add": Option(128, high=MOST_SEEN),
            },
            searched={"expansion_search": Option(64, high=MOST_SEEN), "exact": True},
        )
    },
    write=write_usearch,
    open=UsearchStore,
)
