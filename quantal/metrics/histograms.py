"""Histograms of Hamming distances: all that the retrieval metrics need to know of a search."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..codes.query_words import as_words
from ..errors import DataError
from ..threads import run_all, thread_count
from .label_values import as_labels
from .packed_codes import code_pair, word_planes

Counts = NDArray[np.int64]

_BLOCK = 32  # queries that pass over a tile of the gallery while it is in the cache
_PART = 1 << 20  # codes turned into words at a time, so that a memory map is never copied whole


@dataclass(frozen=True, eq=False)
class DistanceHistograms:
    """How many codes, and how many relevant ones, lie at each Hamming distance from each query.

    Attributes:
        all: (q, n_bits + 1) int64, codes of the gallery at distance 0 to n_bits.
        relevant: (q, n_bits + 1) int64, the relevant ones among them.
        n_bits: length of the codes.
        ranks: (q, K) int64 or None. Rank from 0 of each relevant code when equal distances are
            ordered by id; only `neighbor_histograms` can know it.

    Raises:
        DataError: the counts cannot come from one gallery.
    """

    all: Counts
    relevant: Counts
    n_bits: int
    ranks: Counts | None = None

    def __post_init__(self) -> None:
        shape = (len(self.all), self.n_bits + 1)
        if not self.all.shape == self.relevant.shape == shape or len(self.all) == 0:
            raise DataError(
                f"all and relevant must have shape (n_queries, n_bits + 1) with n_bits = "
                f"{self.n_bits}, got {self.all.shape} and {self.relevant.shape}."
            )
        if (self.relevant < 0).any() or (self.relevant > self.all).any():
            raise DataError(
                "relevant must lie between 0 and all in every cell; these are not two "
                "histograms of one search."
            )
        totals = self.all.sum(axis=1)
        if totals[0] == 0 or (totals != totals[0]).any():
            raise DataError(
                f"every query must meet the same number of codes, at least one; "
                f"got from {totals.min()} to {totals.max()}."
            )

    @property
    def n_queries(self) -> int:
        """Number of queries."""
        return len(self.all)

    @property
    def n_codes(self) -> int:
        """Number of codes in the gallery."""
        return int(self.all[0].sum())

    @property
    def n_relevant(self) -> Counts:
        """Relevant codes of each query, (q,)."""
        return np.asarray(self.relevant.sum(axis=1))

    @property
    def n_without_relevant(self) -> int:
        """Queries without a relevant code: they have no average precision and no recall."""
        return int((self.n_relevant == 0).sum())


def distance_histograms(
    codes: ArrayLike,
    queries: ArrayLike,
    code_labels: ArrayLike,
    query_labels: ArrayLike,
    n_bits: int | None = None,
) -> DistanceHistograms:
    """Compare every query with every code; relevant is what has the query's class.

    The pass is exhaustive and exact, on as many threads as NUMBA_NUM_THREADS says, and
    holds nothing of the size q * n. The gallery may be a memory map. A query that is itself in
    the gallery finds itself: take queries from other rows.

    Args:
        codes: (n, n_bytes) uint8 packed gallery codes, bit k in byte k // 8 at position k % 8.
        queries: (q, n_bytes) uint8 packed query codes of the same hasher.
        code_labels: (n,) integers or strings, the classes of the gallery.
        query_labels: (q,) integers or strings, the classes of the queries.
        n_bits: length of the codes, 1 to 32767; None for all bits of their bytes.

    Returns:
        The histograms, the same for any number of threads.

    Raises:
        DataError: codes of unequal width or wrong dtype, labels of another length, labels that
            are missing (-1, None, nan or "") or of unequal kind.
        ParameterError: ``n_bits`` is out of range.

    Source: Hu et al. 2017, arXiv:1702.08720, section 4.3: relevance is the same class.
    """
    gallery, asked, bits = code_pair(codes, queries, n_bits)
    same = _shared_numbers(code_labels, query_labels, len(gallery), len(asked))
    counts, _, _ = _count(gallery, asked, bits, *same, np.empty((len(asked), 0), np.int64))
    relevant = counts[:, 1::2]
    return DistanceHistograms(counts[:, ::2] + relevant, relevant.copy(), bits)


def neighbor_histograms(
    codes: ArrayLike, queries: ArrayLike, neighbors: ArrayLike, n_bits: int | None = None
) -> DistanceHistograms:
    """Compare every query with every code; relevant are the ids given for it.

    For Recall K@N: ``neighbors`` are the K true neighbours in the original space, as
    `exact_neighbors` finds them or a file of ground truth holds them.

    Args:
        codes: (n, n_bytes) uint8 packed gallery codes, as for `distance_histograms`.
        queries: (q, n_bytes) uint8 packed query codes.
        neighbors: (q, K) integers, ids in ``codes`` from 0, distinct in each row.
        n_bits: length of the codes; None for all bits of their bytes.

    Returns:
        The histograms, with the rank by id of each neighbour.

    Raises:
        DataError: codes of unequal width or wrong dtype, or ids that are not one distinct set of
            codes a query.
        ParameterError: ``n_bits`` is out of range.
    """
    gallery, asked, bits = code_pair(codes, queries, n_bits)
    wanted = _sorted_ids(neighbors, len(gallery), len(asked))
    # No code has the query's label, so every cell is even and holds all codes at its distance.
    labels = np.zeros(len(gallery), np.int32), np.ones(len(asked), np.int32)
    counts, found, places = _count(gallery, asked, bits, *labels, wanted)
    distances, everything = found // 2, counts[:, ::2].copy()
    relevant = np.zeros_like(everything)
    np.add.at(relevant, (np.arange(len(asked))[:, None], distances), 1)
    nearer = counts_before(everything)
    ranks = np.take_along_axis(nearer, distances, axis=1) + places
    return DistanceHistograms(everything, relevant, bits, ranks)


def counts_before(counts: Counts) -> Counts:
    """How many lie at a smaller distance, in the shape of ``counts`` (q, n_bits + 1)."""
    return np.asarray(np.cumsum(counts, axis=1) - counts)


def _count(
    gallery: NDArray[np.uint8],
    asked: NDArray[np.uint8],
    n_bits: int,
    labels: NDArray[np.int32],
    query_labels: NDArray[np.int32],
    wanted: Counts,
) -> tuple[Counts, Counts, Counts]:
    """Cells (q, 2 (n_bits + 1)) and, for the wanted ids, their cells and places (q, K)."""
    from .distance_kernel import add_counts

    counts = np.zeros((len(asked), 2 * n_bits + 2), np.int64)
    found, places = np.zeros_like(wanted), np.zeros_like(wanted)
    by_query = (as_words(asked), query_labels, wanted, counts, found, places)
    n_threads = thread_count(None)
    # Queries of a block share a tile in the cache, but every thread should get several blocks.
    step = int(np.clip(len(asked) // (4 * n_threads), 1, _BLOCK))
    blocks = [[array[at : at + step] for array in by_query] for at in range(0, len(asked), step)]
    for start in range(0, len(gallery), _PART):
        planes, part = word_planes(gallery[start : start + _PART]), labels[start : start + _PART]
        run_all((partial(add_counts, planes, part, start, *block) for block in blocks), n_threads)
    return counts, found, places


def _shared_numbers(
    code_labels: ArrayLike, query_labels: ArrayLike, n: int, q: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Number the classes of both sides alike, from 0."""
    known: list[NDArray[Any]] = []
    for values, rows, name, owner in (
        (code_labels, n, "code_labels", "codes"),
        (query_labels, q, "query_labels", "queries"),
    ):
        labels, missing = as_labels(values, name)
        if len(labels) != rows:
            raise DataError(
                f"{name} has {len(labels)} labels for {rows} {owner}; pass one a row, in order."
            )
        missing |= (labels == -1) if labels.dtype.kind == "i" else False
        if missing.any():
            raise DataError(
                f"{name} has no value in {missing.sum()} of {rows} rows (-1, None, nan and an "
                f"empty string mean 'unknown'). Drop those rows from {owner} and {name} first."
            )
        known.append(labels)
    if known[0].dtype.kind != known[1].dtype.kind:
        raise DataError(
            "code_labels and query_labels must be both integers or both strings, "
            f"got {known[0].dtype} and {known[1].dtype}."
        )
    numbers = np.unique(np.concatenate(known), return_inverse=True)[1].astype(np.int32)
    return numbers[:n], numbers[n:]


def _sorted_ids(neighbors: ArrayLike, n: int, q: int) -> Counts:
    ids = np.asarray(neighbors)
    if ids.ndim != 2 or len(ids) != q or ids.shape[1] == 0:
        raise DataError(
            f"neighbors must have shape (n_queries, K) = ({q}, K) with K at least 1, "
            f"got {ids.shape}."
        )
    if ids.dtype.kind not in "iu":
        raise DataError(f"neighbors must hold ids as integers, got dtype {ids.dtype}.")
    if ids.min() < 0 or ids.max() >= n:
        raise DataError(
            f"neighbors must be ids from 0 to {n - 1}, got {ids.min()} to {ids.max()}. "
            "Were they computed on another gallery?"
        )
    ordered = np.sort(ids, axis=1).astype(np.int64)
    if (np.diff(ordered, axis=1) == 0).any():
        raise DataError("neighbors must be distinct in each row, but an id stands there twice.")
    return ordered
