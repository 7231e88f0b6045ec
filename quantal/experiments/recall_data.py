"""Gallery, queries and true neighbours of a recipe of recall, from any readable source."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from ..data import named, open_source, row_chunks
from ..data.sources import NAMED_PREFIX as PREFIX
from ..data.vector_sets import VectorSet, split_name
from ..errors import DataError, require_choice, require_range
from ..metrics import exact_neighbors

METRICS = ("l2", "inner_product")
N_NEIGHBORS = 100  # the largest K of Recall K@N


@dataclass(frozen=True)
class SearchData:
    """What is searched and what is asked.

    A source is "name:mnist", a file of the data folder, or a file and the array in it
    ("sift.npz:base"): whatever `quantal.data.open_source` opens. Where gallery and queries are
    parts of one published set ("name:sift1m" and "name:sift1m:query"), the gallery is whole and
    the published neighbours are in the folder, they are the true ones; else they are computed.

    Attributes:
        title: what the tables call it.
        gallery: source of the rows that are searched.
        train: source of the rows on which methods are trained; "": the gallery.
        queries: source of the queries; "": the last rows of the gallery's source, after they
            were shuffled.
        first: first row of the gallery's source that is used.
        n_queries: how many rows ask; with a source of their own, those are drawn from it.
        limit: keep only so many rows of the gallery, drawn; None: all.
        shuffled: put the gallery's source into a random order first. False keeps its order, so
            that queries taken from its end are the rows that a protocol names.
        divisor: of all values, as 255 for pixels.
        metric: "l2" or "inner_product", by which neighbours are true.
        seed: of every draw.
    """

    title: str
    gallery: str
    queries: str = ""
    train: str = ""
    first: int = 0
    n_queries: int = 1000
    limit: int | None = None
    shuffled: bool = True
    divisor: float = 1.0
    metric: str = "l2"
    seed: int = 0

    def __post_init__(self) -> None:
        require_range("data.first", self.first, low=0, integer=True)
        require_range("data.n_queries", self.n_queries, low=1, integer=True)
        require_range("data.divisor", self.divisor, low=0, low_open=True)
        require_range("data.seed", self.seed, low=0, integer=True)
        require_choice("data.metric", self.metric, METRICS)
        if self.limit is not None:
            require_range("data.limit", self.limit, low=2, integer=True)

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the rows; the title does not."""
        default = dataclasses.asdict(SearchData("", ""))
        found = dataclasses.asdict(self)
        return {k: v for k, v in found.items() if k != "title" and v != default[k]}


@dataclass(frozen=True, eq=False)
class SearchTask:
    """Rows to search, rows that ask, and what they should find.

    Attributes:
        gallery: (n, d) float32.
        queries: (q, d) float32.
        neighbors: (q, K) int64, ids in the gallery, nearest first.
        metric: by which they are.
        trained: (m, d) float32, what methods are trained on; None: the gallery.
    """

    gallery: NDArray[np.float32]
    queries: NDArray[np.float32]
    neighbors: NDArray[np.int64]
    metric: Literal["l2", "inner_product"]
    trained: NDArray[np.float32] | None = None

    @property
    def training_rows(self) -> NDArray[np.float32]:
        """Rows on which methods are trained, (m, d)."""
        return self.gallery if self.trained is None else self.trained

    @property
    def mean_error(self) -> float:
        """Half the mean squared distance of the gallery's rows from their mean."""
        mean = self.gallery.mean(axis=0, dtype=np.float64)
        lost = (np.square(rows - mean).sum() for _, rows in row_chunks(self.gallery))
        return 0.5 * float(sum(lost)) / len(self.gallery)


def load_search(data: SearchData, data_dir: str | Path | None = None) -> SearchTask:
    """Read the rows of a recipe of recall and find the true neighbours.

    The last task is kept, so recipes that follow one another on one data set share it.

    Args:
        data: which rows.
        data_dir: folder of the data sets; default: the environment variable QUANTAL_DATA.

    Raises:
        DataError: a source is not there, or has too few rows.
    """
    return _load(data, str(named.data_folder(data_dir)))


@lru_cache(maxsize=1)
def _load(data: SearchData, folder: str) -> SearchTask:
    rng = np.random.default_rng(data.seed)
    rows = _rows(data.gallery, folder)
    numbers = np.arange(data.first, len(rows))
    if len(numbers) < 2:
        raise DataError(f"{data.gallery} has {len(rows)} rows, none from {data.first} on.")
    if data.shuffled:
        numbers = rng.permutation(numbers)
    if data.queries:
        source = _rows(data.queries, folder)
        asking = _drawn(np.arange(len(source)), data.n_queries, rng)
        asked = source[asking]
    else:
        if len(numbers) < data.n_queries + 2:
            raise DataError(
                f"{data.gallery} has {len(numbers)} rows from {data.first} on, too few for "
                f"{data.n_queries} queries and a gallery. Lower data.n_queries."
            )
        asked, numbers = rows[numbers[-data.n_queries :]], numbers[: -data.n_queries]
    if data.limit is not None:
        numbers = _drawn(numbers, data.limit, rng)
    as_they_are = not data.shuffled and len(numbers) == len(rows)
    gallery = _scaled(rows if as_they_are else rows[numbers], data.divisor)
    queries = _scaled(asked, data.divisor)
    metric = cast("Literal['l2', 'inner_product']", data.metric)
    if len(gallery) < N_NEIGHBORS:
        raise DataError(
            f"The gallery has {len(gallery)} rows; recall of {N_NEIGHBORS} neighbours needs as "
            "many. Raise data.limit or lower data.n_queries."
        )
    known = _published(data, folder) if len(numbers) == len(rows) else None
    if known is None:
        neighbors = exact_neighbors(gallery, queries, N_NEIGHBORS, metric)
    else:
        neighbors = np.argsort(numbers)[known[asking]]  # where in the gallery each row stands
    trained = _scaled(_rows(data.train, folder), data.divisor) if data.train else None
    return SearchTask(gallery, queries, neighbors, metric, trained)


def _published(data: SearchData, folder: str) -> NDArray[np.int64] | None:
    """Return the published neighbours of all queries in the gallery's source, (q, K), or None."""
    gallery, queries = (_part(source) for source in (data.gallery, data.queries))
    if gallery is None or queries != (gallery[0], "query") or gallery[1] in {"learn", "query"}:
        return None
    found = named.neighbors(data.gallery.removeprefix(PREFIX), folder)
    if data.metric != "l2" or found is None or found[0].shape[1] < N_NEIGHBORS:
        return None
    return found[0][:, :N_NEIGHBORS].astype(np.int64)


def _part(source: str) -> tuple[VectorSet, str] | None:
    return split_name(source.removeprefix(PREFIX)) if source.startswith(PREFIX) else None


def _rows(source: str, folder: str) -> Any:
    """Rows of "name:set", "file" or "file:array"."""
    if source.startswith(PREFIX):
        return open_source(source, data_dir=folder).x
    file, _, key = source.partition(":")
    return open_source(Path(folder) / file, **({"key": key} if key else {})).x


def _drawn(numbers: NDArray[np.int64], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """At most ``n`` of them, in the order in which they stand."""
    if n >= len(numbers):
        return numbers
    return numbers[np.sort(rng.choice(len(numbers), n, replace=False))]


def _scaled(rows: Any, divisor: float) -> NDArray[np.float32]:
    """Rows as float32 vectors; a map of such rows stays one."""
    flat: NDArray[np.float32] = rows.reshape(len(rows), -1).astype(np.float32, copy=False)
    return flat if divisor == 1 else flat / np.float32(divisor)
