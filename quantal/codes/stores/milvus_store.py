"""Codes in a collection of Milvus: ``milvus:SERVER/COLLECTION``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FileFormatError, require_extra
from ..index_options import Option
from .address import Address
from .capability import StoreIndex, StoreType, opening_options
from .description import StoreDescription
from .milvus_server import connect, place_of, require_binary_lite, talking
from .milvus_writing import write_milvus
from .store import CodeStore, table_of
from .ties import Table

MAX_BITS = 262_144
MOST_HITS = 16_384
MOST_LISTS = 65_536
HITS_A_CALL = 1 << 16


class MilvusStore(CodeStore):
    """Codes in a collection of a Milvus server."""

    most_hits = MOST_HITS

    def __init__(self, address: Address) -> None:
        place = place_of(address)
        milvus = require_extra("pymilvus", "milvus")
        require_binary_lite(place)
        self._address, self._collection = address, place.collection
        self._client = connect(milvus, place, address)
        description = self._describe(address)
        options = opening_options(MILVUS, description, address)
        super().__init__(description, options, exact=MILVUS.kinds[description.kind].exact)
        with talking(address):
            self._client.load_collection(self._collection)
            [counted] = self._client.query(
                self._collection,
                filter="",
                output_fields=["count(*)"],
                consistency_level="Strong",
            )
        if counted["count(*)"] != len(self):
            raise FileFormatError(
                f"{address} holds {counted['count(*)']} of {len(self)} codes: its writing was "
                "interrupted, or it was changed since. Write the codes again."
            )

    def _describe(self, address: Address) -> StoreDescription:
        with talking(address):
            if not self._client.has_collection(self._collection):
                raise FileFormatError(
                    f"There is no collection {self._collection!r} at {address}. Write it: quantal "
                    f"store CODES --to {address}"
                )
            text = str(self._client.describe_collection(self._collection)["description"])
        return StoreDescription.from_json(text, str(address), "milvus")

    def _nearest(self, queries: NDArray[np.uint8], count: int) -> Table:
        step = max(1, HITS_A_CALL // count)
        found: list[Any] = []
        for start in range(0, len(queries), step):
            found += self._hits(queries[start : start + step], count, "")
        return table_of(found, count, self.n_bits)

    def _within(self, query: NDArray[np.uint8], count: int, first: int, stop: int) -> Table:
        distances, rows = self._hits(query[None], count, f"row >= {first} and row < {stop}")[0]
        return distances, rows

    def _hits(self, queries: NDArray[np.uint8], count: int, where: str) -> list[Any]:
        """Return distances and rows of each query, of the rows that a filter allows."""
        params = {"nprobe": self.options["n_probes"]} if "n_probes" in self.options else {}
        with talking(self._address):
            answers = self._client.search(
                self._collection,
                data=[query.tobytes() for query in queries],
                anns_field="code",
                limit=count,
                filter=where,
                search_params={"metric_type": "HAMMING", "params": params},
                output_fields=["row"],
                consistency_level="Strong",
            )
        return [
            (
                np.array([hit["distance"] for hit in hits], np.float64),
                np.array([hit["entity"]["row"] for hit in hits], np.int64),
            )
            for hits in answers
        ]

    def _ids_of(self, rows: NDArray[np.int64]) -> Any:
        named: dict[int, Any] = {}
        for start in range(0, len(rows), MOST_HITS):
            part = rows[start : start + MOST_HITS].tolist()
            with talking(self._address):
                for entity in self._client.get(
                    self._collection, ids=part, output_fields=["row", "id"]
                ):
                    named[entity["row"]] = entity["id"]
        return [named[row] for row in rows.tolist()]


REAL = "it is for real-valued vectors."
MILVUS = StoreType(
    "milvus",
    "Milvus",
    kinds={
        "bin_flat": StoreIndex(exact=True, max_bits=MAX_BITS),
        "bin_ivf_flat": StoreIndex(
            exact=False,
            max_bits=MAX_BITS,
            written={"n_lists": Option(1024, high=MOST_LISTS)},
            searched={"n_probes": Option(16, high=MOST_LISTS)},
        ),
    },
    unable={
        **dict.fromkeys(("flat", "ivf_flat", "ivf_sq8", "ivf_pq", "scann", "diskann"), REAL),
        "hnsw": "the releases that are documented have it for real-valued vectors only.",
        "autoindex": "Milvus Lite refuses it, and servers do not say what it becomes.",
        "minhash_lsh": "it is for MinHash signatures.",
    },
    write=write_milvus,
    open=MilvusStore,
)
