"""Exact Euclidean nearest neighbours with bounded memory, and the k-th distance of IMSAT.

Candidates come from blocked matrix products in float32, the final distances from differences in
float64. Rows whose candidates could be wrong by rounding (many equal distances, tight groups far
apart) are recognised by an error bound and searched again in float64.

One path and no faiss: its exact search is the same matrix product, done twice (the distance
matrix is symmetric) by the BLAS inside its wheel, and was measured 4 to 8 times slower.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, ParameterError, require_range
from ..threads import one_thread_a_product, run_all, thread_count
from .candidates import Candidates, Progress, exact_candidates, find_candidates
from .row_blocks import RowBlocks, squared_differences

REFERENCE_LIMIT = 200_000
"""Rows above which `sampled_reference` samples."""

_SECOND_SEARCH_VALUES = 16 << 20  # float64 distances held at once by all threads: 128 MB
_CHUNK_ROWS = 4096  # rows whose exact distances are computed at once


def nearest_neighbors(
    X: ArrayLike,
    k: int,
    *,
    reference: ArrayLike | None = None,
    chunk_rows: int | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k nearest rows of each row of ``X``, exact, by Euclidean distance.

    Memory beyond the result stays at a few hundred MB, whatever the number of rows.

    Args:
        X: (n, d) numbers of any real dtype: array, memory map or scipy sparse matrix. Images
            (n, h, w) are taken as rows of h * w.
        k: neighbours per row, at least 1.
        reference: where neighbours are looked for. None: ``X`` itself. (m,) integers: these
            rows of ``X`` only (see `sampled_reference`). (m, d) numbers: these other rows.
            In the first two cases a row is never its own neighbour, but its duplicates are.
        chunk_rows: rows per block of the distance matrix; None chooses by memory.
        n_threads: threads to use; None takes what numba is set to (NUMBA_NUM_THREADS; all
            processors by default). The result does not depend on it.
        progress: hears now and then which share of the search is done, from 0 to 1.

    Returns:
        distances: (n, k) float32, ascending, in the unit of ``X``.
        indices: (n, k) int64, row numbers in ``X`` (in ``reference`` if that holds rows);
            equal distances are ordered by the lower number.

    Raises:
        ParameterError: ``k``, ``chunk_rows`` or ``n_threads`` is out of range.
        DataError: ``X`` or ``reference`` has a wrong shape, or is not finite.
    """
    queries, found, same_rows = _queries_and_reference(X, reference)
    _require_enough_rows(k, len(found), same_rows)
    if chunk_rows is not None:
        require_range("chunk_rows", chunk_rows, low=1, integer=True)
    threads = thread_count(n_threads)
    # One more than k because a row finds itself; the others absorb rounding.
    wanted = min(len(found), k + 1 + max(8, k // 2))
    distances = np.empty((len(queries), k), np.float32)
    indices = np.empty((len(queries), k), np.int64)

    def settle(candidates: Candidates, start: int) -> None:
        rows = np.arange(start, min(start + _CHUNK_ROWS, len(queries)))
        most = _SECOND_SEARCH_VALUES // threads
        squared, positions = _nearest(queries, rows, found, candidates, k, same_rows, most)
        distances[rows] = np.sqrt(squared)
        indices[rows] = found.numbers(positions)

    with one_thread_a_product() if threads > 1 else nullcontext():
        candidates = find_candidates(
            queries,
            found,
            wanted,
            chunk_rows,
            n_threads=threads,
            progress=progress or _unheard,
        )
        run_all(
            [partial(settle, candidates, i) for i in range(0, len(queries), _CHUNK_ROWS)], threads
        )
    return distances, indices


def kth_distance(
    X: ArrayLike,
    k: int,
    *,
    reference: ArrayLike | None = None,
    chunk_rows: int | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Distance of each row of ``X`` to its k-th nearest neighbour, counted from 1.

    IMSAT's perturbation radius is ``alpha * kth_distance(X, 10)`` by its text; its code and the
    distances it ships count the row itself first and hold the 11th.

    Args:
        X: (n, d), as for `nearest_neighbors`.
        k: which neighbour, 1 is the nearest other row.
        reference: as for `nearest_neighbors`.
        chunk_rows: as for `nearest_neighbors`.
        n_threads: as for `nearest_neighbors`.
        progress: as for `nearest_neighbors`.

    Returns:
        (n,) float32, in the unit of ``X``; 0 where k duplicates exist.

    Raises:
        ParameterError: ``k``, ``chunk_rows`` or ``n_threads`` is out of range.
        DataError: ``X`` or ``reference`` has a wrong shape, or is not finite.
    """
    distances, _ = nearest_neighbors(
        X, k, reference=reference, chunk_rows=chunk_rows, n_threads=n_threads, progress=progress
    )
    return distances[:, -1].copy()  # a view would keep all k columns alive


def sampled_reference(
    n_rows: int, limit: int = REFERENCE_LIMIT, *, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Row numbers to look for neighbours in, when all pairs are too many.

    Args:
        n_rows: rows of the data.
        limit: the largest sample.
        generator: draws the sample; not used when all rows fit.

    Returns:
        (min(n_rows, limit),) int64, ascending, without repetition.

    Raises:
        ParameterError: ``n_rows`` or ``limit`` is below 1.
    """
    require_range("n_rows", n_rows, low=1, integer=True)
    require_range("limit", limit, low=1, integer=True)
    if n_rows <= limit:
        return np.arange(n_rows, dtype=np.int64)
    return np.sort(generator.choice(n_rows, size=limit, replace=False)).astype(np.int64)


def _unheard(share: float) -> None:
    """Take progress that nobody asked for."""


def _nearest(
    queries: RowBlocks,
    rows: NDArray[np.int64],
    found: RowBlocks,
    candidates: Candidates,
    k: int,
    same_rows: bool,
    most_values: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Squared distances and positions of the k nearest, (len(rows), k) each.

    A second search holds at most ``most_values`` distances at once.
    """
    positions = candidates.positions[rows]
    squared, best = _sorted_by_distance(queries, rows, found, positions, k, same_rows)
    doubtful = candidates.doubtful(rows, squared[:, -1] * found.shrink**2)
    if doubtful.any():
        again = rows[doubtful]
        n_parts = min(len(again), 1 + len(again) * len(found) // most_values)
        for part in np.array_split(again, n_parts):
            own = part if same_rows else None
            positions = exact_candidates(queries, part, found, k, own)
            into = np.searchsorted(rows, part)
            squared[into], best[into] = _sorted_by_distance(
                queries, part, found, positions, k, same_rows
            )
    return squared, best


def _sorted_by_distance(
    queries: RowBlocks,
    rows: NDArray[np.int64],
    found: RowBlocks,
    positions: NDArray[np.int64],
    k: int,
    same_rows: bool,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The k best of each row's candidate positions (q, c), by distance and then position."""
    squared = squared_differences(queries, rows, found, positions)
    if same_rows:
        squared[found.numbers(positions) == rows[:, None]] = np.inf
    order = np.lexsort((positions, squared), axis=-1)[:, :k]
    return np.take_along_axis(squared, order, 1), np.take_along_axis(positions, order, 1)


def _queries_and_reference(
    X: ArrayLike, reference: ArrayLike | None
) -> tuple[RowBlocks, RowBlocks, bool]:
    """Return the rows that ask, the rows to search, and whether these are rows of ``X``."""
    queries = RowBlocks(X)
    if reference is None:
        return queries, queries, True
    if np.ndim(cast("Any", reference)) == 1:
        found = _chosen_rows(queries, np.asarray(reference))
        return queries, found, True
    found = RowBlocks(reference, name="reference")
    if found.n_features != queries.n_features:
        raise DataError(
            f"X has {queries.n_features} features and reference has {found.n_features}; "
            "both must have the same."
        )
    return queries.shifted_like(found), found, False


def _chosen_rows(queries: RowBlocks, numbers: NDArray[Any]) -> RowBlocks:
    n = len(queries)
    rows = np.unique(numbers)
    in_range = len(rows) == len(numbers) > 0 and rows[0] >= 0 and rows[-1] < n
    if numbers.dtype.kind not in "iu" or not in_range:
        raise ParameterError(
            f"reference of one axis must hold distinct row numbers from 0 to {n - 1}; "
            "pass an array of shape (m, d) to search other rows."
        )
    if len(rows) == n:
        return queries
    return queries.subset(rows.astype(np.int64))


def _require_enough_rows(k: int, n_found: int, same_rows: bool) -> None:
    require_range("k", k, low=1, integer=True)
    most = n_found - 1 if same_rows else n_found
    if k > most:
        own = " (a row is not its own neighbour)" if same_rows else ""
        raise ParameterError(
            f"k must be at most {most} for {n_found} rows{own}, got {k}. "
            "Pass a smaller k or more rows."
        )
