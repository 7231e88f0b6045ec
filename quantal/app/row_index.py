"""The rows of a data set, to look for the nearest in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..codes import hamming_search
from ..data import release_pages
from ..graph import nearest_neighbors
from .answers import Answer
from .served_model import ServedModel, require_finite

if TYPE_CHECKING:
    from ..data import Dataset

BLOCK_BYTES = 64 << 20
WHOLE_PASS = 256  # a multiple of the rows of a forward pass
EMBEDDING_BYTES = 1 << 30  # wider embeddings of all rows than this are left for probabilities
Progress = Callable[[int, int], None]


class RowIndex(ABC):
    """What rows of a data set a model finds most similar to others.

    Attributes:
        by: What "near" means: "hamming", "embedding" or "probability".
        ids: Names of the rows, or None.
    """

    by: str
    ids: NDArray[np.str_] | None

    def __init__(self, served: ServedModel, ids: Sequence[str] | None) -> None:
        self.served = served
        self.ids = None if ids is None else np.array(ids, dtype=np.str_)

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of rows."""

    @abstractmethod
    def _nearest(self, rows: Any, k: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return distances and row numbers, (q, k) each, by distance and then row number."""

    def search(self, rows: Any, k: int) -> Answer:
        """Return the k nearest rows of the data for each row of a request.

        Args:
            rows: as for the model.
            k: how many, at most the number of rows in the index.

        Returns:
            ``neighbors``, row numbers from 0; ``distances``, ascending, ties by the lower row;
            ``ids`` where the rows have names.
        """
        distances, neighbors = self._nearest(rows, k)
        columns: dict[str, NDArray[Any]] = {"neighbors": neighbors, "distances": distances}
        if self.ids is not None:
            columns["ids"] = self.ids[neighbors]
        return Answer(columns, {"by": self.by})


class HammingIndex(RowIndex):
    """Rows by the codes of a hasher; every code is compared."""

    by = "hamming"

    def __init__(self, served: ServedModel, data: Dataset, on_rows: Progress | None) -> None:
        super().__init__(served, data.ids)
        self.codes = _concatenated(served.model.encode, data, on_rows)
        hamming_search(self.codes, self.codes[:1], 1, n_threads=1)  # compiles before a client waits

    def __len__(self) -> int:
        """Return the number of codes."""
        return len(self.codes)

    def _nearest(self, rows: Any, k: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
        return hamming_search(self.codes, self.served.model.encode(rows), k, n_threads=1)


class EuclideanIndex(RowIndex):
    """Rows by the Euclidean distance of what a clusterer makes of them."""

    def __init__(self, served: ServedModel, data: Dataset, on_rows: Progress | None) -> None:
        super().__init__(served, data.ids)
        model = served.model
        self.by, self._place = "embedding", getattr(model, "transform", None)
        too_wide = self._place is None or _takes_bytes(self._place, data) > EMBEDDING_BYTES
        if too_wide and served.most_likely:
            self.by, self._place = "probability", _probabilities(model)
        assert self._place is not None  # build_index asked
        self.places = _concatenated(self._place, data, on_rows)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.places)

    def _nearest(self, rows: Any, k: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
        assert self._place is not None
        queries = np.asarray(self._place(rows), np.float32)
        require_finite(queries, f"{self.by} values")
        distances, neighbors = nearest_neighbors(queries, k, reference=self.places, n_threads=1)
        return distances, neighbors


def build_index(
    served: ServedModel, data: Dataset, on_rows: Progress | None = None
) -> RowIndex | None:
    """Read all rows through a model; None if it has nothing to compare new rows by.

    Args:
        served: the model.
        data: the rows; a memory map is read block by block.
        on_rows: hears how many of all rows are done.
    """
    if served.makes_codes:
        return HammingIndex(served, data, on_rows)
    if hasattr(served.model, "transform") or served.most_likely:
        return EuclideanIndex(served, data, on_rows)
    return None


def _probabilities(model: Any) -> Callable[[Any], NDArray[Any]]:
    def probabilities(rows: Any) -> NDArray[Any]:
        return np.asarray(np.exp(model.predict_log_proba(rows)))

    return probabilities


def _takes_bytes(place: Callable[[Any], Any], data: Dataset) -> int:
    return int(np.asarray(place(data.x[:1])).shape[1]) * 4 * len(data)


def _concatenated(
    function: Callable[[Any], Any], data: Dataset, on_rows: Progress | None | None
) -> NDArray[Any]:
    """Return a function's values of all rows; memory beyond them stays flat."""
    out: NDArray[Any] | None = None
    for block in _blocks(data):
        values = np.asarray(function(data.x[block]))
        if out is None:
            kind = np.uint8 if values.dtype == np.uint8 else np.float32
            out = np.empty((len(data), values.shape[1]), kind)
        out[block] = values
        release_pages(data.x)
        if on_rows is not None:
            on_rows(block.stop, len(data))
    assert out is not None  # data sets have rows
    return out


def _blocks(data: Dataset) -> Iterator[slice]:
    step = max(1, BLOCK_BYTES // (8 * data.n_features) // WHOLE_PASS) * WHOLE_PASS
    for start in range(0, len(data), step):
        yield slice(start, min(start + step, len(data)))
