"""The rows nearest to an example, by the model's codes, embedding or probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...codes import hamming_search
from .model_rows import ModelRows

MOST_BYTES = 512 << 20
SPARE = 16
SEED = 0


@dataclass(frozen=True)
class Hits:
    """Rows found, the nearest first.

    Attributes:
        rows: their numbers.
        distances: how far each is, in the unit that ``unit`` names.
        unit: of the distances: "bits" or "distance".
        note: what a person should know of how they were found, or "".
    """

    rows: list[int]
    distances: list[float]
    unit: str
    note: str = ""


class Nearest:
    """Searches a model's rows; what it needs is computed by the first search and kept.

    Args:
        rows: the model and its rows.
    """

    def __init__(self, rows: ModelRows) -> None:
        self._rows = rows
        self._lock = Lock()
        self._spaces: dict[str, _Space] = {}

    @cached_property
    def measures(self) -> dict[str, str]:
        """Ways to compare that the model allows: key and title, the usual one first."""
        if self._rows.makes_codes:
            return {"hamming": f"Hamming distance of the {self._rows.model.n_bits}-bit codes"}
        title = "the model's embedding" if self._rows.has_embedding else "the rows' numbers"
        found = {"embedding": f"Euclidean distance in {title}"}
        if hasattr(self._rows.model, "predict_log_proba"):
            found["probability"] = "Hellinger distance of the cluster probabilities"
        return found

    def search(self, example: Any, measure: str, k: int, *, without: int | None = None) -> Hits:
        """Return the k nearest rows; equally near ones by their number.

        Args:
            example: one row in the form that `ModelRows.take` gives.
            measure: a key of `measures`.
            k: how many, at most all.
            without: a row to leave out, the example itself.
        """
        hits = self._found(example, measure, min(k + (without is not None), len(self._rows)))
        kept = [i for i, row in enumerate(hits.rows) if row != without][:k]
        rows, distances = [hits.rows[i] for i in kept], [hits.distances[i] for i in kept]
        return replace(hits, rows=rows, distances=distances)

    def _found(self, example: Any, measure: str, k: int) -> Hits:
        if measure == "hamming":
            code = self._rows.model.encode(example)
            bits, ids = hamming_search(self._codes(), code, k, n_threads=1)
            return Hits(ids[0].tolist(), bits[0].tolist(), "bits")
        space = self._space(measure)
        found, distances = space.nearest(self._features(measure)(example)[0], k)
        return Hits(found.tolist(), distances.tolist(), "distance", space.note)

    def _codes(self) -> NDArray[np.uint8]:
        with self._lock:
            return self._all_codes

    @cached_property
    def _all_codes(self) -> NDArray[np.uint8]:
        rows = self._rows
        return np.concatenate([rows.model.encode(rows.take(b)) for b in rows.blocks(64)])

    def _features(self, measure: str) -> Callable[[Any], NDArray[np.float32]]:
        if measure == "embedding":
            return self._rows.embed
        model = self._rows.model  # |sqrt p - sqrt q| is sqrt(2) times the Hellinger distance
        return lambda taken: np.exp(0.5 * model.predict_log_proba(taken)) / np.sqrt(np.float32(2))

    def _space(self, measure: str) -> _Space:
        with self._lock:
            if measure not in self._spaces:
                self._spaces[measure] = _Space(self._rows, self._features(measure))
            return self._spaces[measure]


class _Space:
    """All rows as vectors, or as random projections of vectors that memory would not hold."""

    def __init__(self, rows: ModelRows, features: Callable[[Any], NDArray[np.float32]]) -> None:
        self._rows, self._features, self.note = rows, features, ""
        n, width = len(rows), features(rows.take(slice(0, 1))).shape[1]
        kept = max(16, MOST_BYTES // (4 * n))
        self._projection: NDArray[np.float32] | None = None
        if width > kept:
            draw = np.random.default_rng(SEED).standard_normal((width, kept), np.float32)
            self._projection = draw / np.float32(np.sqrt(kept))
            self.note = (
                f"Candidates are found by a random projection of the {width:,} numbers to "
                f"{kept:,}, which may miss some; their order is exact."
            )
        self._matrix = np.empty((n, min(width, kept)), np.float32)
        for block in rows.blocks(8 * width):
            self._matrix[block] = self._projected(features(rows.take(block)))
        # Far from 0 the products below would cancel to nothing.
        self._center = self._matrix.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._matrix -= self._center
        self._norms = np.einsum("ij,ij->i", self._matrix, self._matrix)

    def nearest(
        self, query: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the k nearest rows and their distances, measured exactly once more."""
        wanted = k + SPARE if self._projection is None else 8 * k + SPARE
        apart = self._norms - 2 * (self._matrix @ (self._projected(query[None])[0] - self._center))
        near = np.sort(np.argpartition(apart, min(wanted, len(apart)) - 1)[:wanted])
        exact = self._features(self._rows.take(near)).astype(np.float64) - query
        distances = np.sqrt(np.einsum("ij,ij->i", exact, exact))
        order = np.argsort(distances, kind="stable")[:k]
        return near[order], distances[order]

    def _projected(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return vectors if self._projection is None else vectors @ self._projection
