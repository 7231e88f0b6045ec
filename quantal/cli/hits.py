"""What a search found, as columns with one entry a hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..codes import Codes, CodeStore


@dataclass(frozen=True, eq=False)
class Hits:
    """What was found for a block of queries, by query and rank.

    Attributes:
        queries: (h,) int64, number of the query within its block.
        ranks: (h,) int32, from 1.
        rows: (h,) int64, row number of the code.
        distances: (h,) int32 Hamming distances, or float32; or inner products.
    """

    queries: NDArray[Any]
    ranks: NDArray[Any]
    rows: NDArray[Any]
    distances: NDArray[Any]

    def __len__(self) -> int:
        return len(self.rows)


def hits_of_table(distances: NDArray[Any], rows: NDArray[Any]) -> Hits:
    """Return the hits of (q, k) arrays; row -1, where nothing more was found, is dropped."""
    import numpy as np

    found = rows >= 0
    queries, places = np.nonzero(found)
    return Hits(queries, (places + 1).astype(np.int32), rows[found], distances[found])


def hits_of_lists(offsets: NDArray[Any], rows: NDArray[Any], distances: NDArray[Any]) -> Hits:
    """Return the hits of lists that stand one behind the other, as a radius search gives them."""
    import numpy as np

    counts = np.diff(offsets)
    queries = np.repeat(np.arange(len(counts)), counts)
    ranks = np.arange(1, len(rows) + 1) - np.repeat(offsets[:-1], counts)
    return Hits(queries, ranks.astype(np.int32), rows, distances)


@dataclass(frozen=True, eq=False)
class HitNames:
    """What queries and codes are called: by their ids, else by row number.

    Attributes:
        codes: The codes that were searched.
        query_ids: One name a query, or None.
        real: Whether distances are float32; otherwise int32.
        value: What the column of distances is called.
    """

    codes: Codes | CodeStore
    query_ids: Sequence[str] | None
    real: bool
    value: str = "distance"

    def kinds(self) -> dict[str, str]:
        """Return name and kind ("string", "int64", "int32" or "float32") of each column."""
        id_kind = "string" if self.codes.id_kind == "string" else "int64"
        return {
            "query": "int64" if self.query_ids is None else "string",
            "rank": "int32",
            "id": id_kind,
            self.value: "float32" if self.real else "int32",
        }

    def columns(self, hits: Hits, first_query: int) -> dict[str, list[Any]]:
        """Return the columns of some hits.

        Args:
            hits: of one block of queries.
            first_query: number of its first query.
        """
        queries = (hits.queries + first_query).tolist()
        if self.query_ids is not None:
            queries = [self.query_ids[number] for number in queries]
        ids = self.codes.name_rows(hits.rows).tolist()
        values = hits.distances.tolist()
        return {"query": queries, "rank": hits.ranks.tolist(), "id": ids, self.value: values}

    def longest(self) -> dict[str, int]:
        """Return the length of the longest string of each column of strings."""
        longest = {
            "query": max((len(value) for value in self.query_ids or ()), default=1),
            "id": self.codes.longest_id,
        }
        return {name: longest[name] or 1 for name, kind in self.kinds().items() if kind == "string"}
