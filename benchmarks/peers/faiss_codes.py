"""Codes of faiss at equal bits, in the shape that recipes of recall judge.

Each has ``fit`` and what it has to be judged by: bits (``transform``), codes that stand for vectors
(``encode`` and ``decode``), or ids (``search``). All train on every row that they are given, on
threads as OMP_NUM_THREADS says. faiss seeds itself; ``random_state`` turns the rows into another
order, which is what its samples and starts depend on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from quantal.errors import ParameterError, require_extra

Rows = NDArray[np.float32]
BYTE = 8  # bits of a sub-code of product quantisation


class FaissPeer(ABC):
    """What the peers share.

    Args:
        n_bits: length of a code, a multiple of 8.
        random_state: seed of the order of the training rows.
    """

    def __init__(self, n_bits: int, random_state: int = 0) -> None:
        if n_bits % BYTE:
            raise ParameterError(f"faiss needs n_bits to be a multiple of 8, got {n_bits}.")
        self.n_bits, self.random_state = n_bits, random_state
        self.faiss: Any = require_extra("faiss", "search")
        self.software = {"faiss": self.faiss.__version__}

    def fit(self, x: Rows) -> Self:
        """Train the index on the rows ``x``, (n, d)."""
        order = np.random.default_rng(self.random_state).permutation(len(x))
        self.n_columns = x.shape[1]
        self.index = self._index(x.shape[1])
        self.index.train(np.ascontiguousarray(x[order], np.float32))
        return self

    @abstractmethod
    def _index(self, d: int) -> Any:
        """Return the untrained index of rows with d columns."""


class FaissITQ(FaissPeer):
    """``ITQ{n_bits},LSH``: rows are centred and brought to length 1, then PCA and rotation."""

    def _index(self, d: int) -> Any:
        return self.faiss.index_factory(d, f"ITQ{self.n_bits},LSH")

    def transform(self, x: Rows) -> NDArray[np.uint8]:
        """Bits of rows (n, d), shape (n, n_bits)."""
        codes = self.index.sa_encode(np.ascontiguousarray(x, np.float32))
        return np.unpackbits(codes, axis=1, count=self.n_bits, bitorder="little")


class FaissChainedITQ(FaissITQ):
    """PCAMatrix, ITQMatrix and signs: the same without bringing rows to length 1."""

    def _index(self, d: int) -> Any:
        faiss = self.faiss
        index = faiss.IndexPreTransform(faiss.IndexLSH(self.n_bits, self.n_bits, False, False))
        index.prepend_transform(faiss.ITQMatrix(self.n_bits))
        index.prepend_transform(faiss.PCAMatrix(d, self.n_bits))
        return index


class FaissPQ(FaissPeer):
    """Product quantisation with a byte for each group of columns."""

    def _index(self, d: int) -> Any:
        n_groups = self.n_bits // BYTE
        return self.faiss.index_factory(d, f"{self._rotation(d, n_groups)}PQ{n_groups}x8")

    def _rotation(self, d: int, n_groups: int) -> str:
        """Bring the columns to a multiple of the groups; product quantisation needs it."""
        whole = -(-d // n_groups) * n_groups
        return "" if whole == d else f"Pad{whole},"

    def encode(self, x: Rows) -> NDArray[np.uint8]:
        """Codes of rows (n, d), shape (n, n_bits / 8)."""
        return np.asarray(self.index.sa_encode(np.ascontiguousarray(x, np.float32)))

    def decode(self, codes: NDArray[np.uint8]) -> Rows:
        """Rows that codes stand for, shape (n, d)."""
        return np.asarray(self.index.sa_decode(codes))


class FaissOPQ(FaissPQ):
    """Product quantisation after a learned rotation."""

    def _rotation(self, d: int, n_groups: int) -> str:
        return f"OPQ{n_groups}_{d // n_groups * n_groups},"


class FaissRaBitQ(FaissPeer):
    """Signs of PCA's columns with two real factors: 64 bits more than ``n_bits`` for each row.

    Args:
        n_bits: signs of a code, at most the columns.
        random_state: see `FaissPeer`.
        metric: "l2" or "inner_product", by which it ranks.
    """

    def __init__(self, n_bits: int, random_state: int = 0, metric: str = "l2") -> None:
        super().__init__(n_bits, random_state)
        self.metric = metric

    def _index(self, d: int) -> Any:
        faiss = self.faiss
        kind = faiss.METRIC_L2 if self.metric == "l2" else faiss.METRIC_INNER_PRODUCT
        return faiss.index_factory(d, f"PCAR{self.n_bits},RaBitQ", kind)

    def fit(self, x: Rows) -> Self:
        """Train on the rows ``x``, (n, d), and take them in for `search`."""
        super().fit(x)
        self.index.add(np.ascontiguousarray(x, np.float32))
        return self

    def search(self, queries: Rows, k: int) -> NDArray[np.int64]:
        """Ids of the k best rows for each query, shape (q, k)."""
        return np.asarray(self.index.search(np.ascontiguousarray(queries, np.float32), k)[1])


PEERS: dict[str, type[FaissPeer]] = {
    "faiss-itq": FaissITQ,
    "faiss-itq-chained": FaissChainedITQ,
    "faiss-opq": FaissOPQ,
    "faiss-pq": FaissPQ,
    "faiss-rabitq": FaissRaBitQ,
}
