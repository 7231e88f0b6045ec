"""Near rows by blocked matrix products: fast and approximate, or slower in double precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..threads import run_all
from .row_blocks import Block, RowBlocks, is_sparse

Progress = Callable[[float], None]
"""Hears now and then which share of the work is done, from 0 to 1."""

_MOST_CHUNK_ROWS = 4096  # a block of distances is then 64 MB
_BLOCKS_VALUES = 1 << 25  # distances that all threads hold at once: 128 MB
_BLOCK_VALUES = 1 << 24  # entries in a block of rows
_GROUP = 16  # columns whose minimum stands for them in the first selection
_FEW_GROUPS = 8  # groups per row, on average, that are cheaper to open than to select from
_TIES = 256  # equally near rows whose exact distances decide in the second search


@dataclass(frozen=True)
class Candidates:
    """The rows that look nearest in float32.

    Attributes:
        squared: (n, c) float32 squared distances in shrunk units, unordered.
        positions: (n, c) int64 positions in the reference.
        norms: (n,) norm of each query in shrunk units.
        complete: whether c is the whole reference, so nothing can be missing.
        relative_error: bound of the rounding error, in units of (2 ||q|| + distance)^2.
    """

    squared: NDArray[np.float32]
    positions: NDArray[np.int64]
    norms: NDArray[np.float64]
    complete: bool
    relative_error: float

    def doubtful(self, rows: NDArray[np.int64], kth: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether a row outside the candidates may be as near as the ``kth`` squared distance.

        A row that near has a norm of at most ||q|| + sqrt(kth), which bounds its rounding error.
        """
        if self.complete:
            return np.zeros(len(rows), bool)
        outside = self.squared[rows].max(axis=1).astype(np.float64)
        error = self.relative_error * (2 * self.norms[rows] + np.sqrt(kth)) ** 2
        return np.asarray(~(outside - error > kth))  # "not >" also catches nan


def find_candidates(
    queries: RowBlocks,
    reference: RowBlocks,
    wanted: int,
    chunk_rows: int | None,
    *,
    n_threads: int,
    progress: Progress,
) -> Candidates:
    """Return the ``wanted`` nearest positions of each query, by float32 products.

    When both sides are the same rows each block of the symmetric matrix is computed once.
    """
    n = len(queries)
    most = min(_MOST_CHUNK_ROWS, isqrt(_BLOCKS_VALUES // n_threads))
    step = chunk_rows or max(1, min(most, _BLOCK_VALUES // queries.n_features))
    # Random-walk growth of the sum over d terms, with a margin.
    error = float(np.finfo(np.float32).eps) * (8 + 2 * np.sqrt(queries.n_features))
    near = Candidates(
        np.full((n, wanted), np.inf, np.float32),
        np.zeros((n, wanted), np.int64),
        np.zeros(n),
        wanted == len(reference),
        error,
    )
    spans = list(_spans(0, n, step))
    if queries is reference:
        _compare_all_pairs(queries, spans, near, n_threads, progress)
    else:
        done = 0
        for group in range(0, len(spans), n_threads):
            part = spans[group : group + n_threads]
            run_all([partial(_compare, queries, reference, s, step, near) for s in part], n_threads)
            done += len(part)
            progress(done / len(spans))
    return near


def _compare(
    queries: RowBlocks, reference: RowBlocks, span: tuple[int, int], step: int, near: Candidates
) -> None:
    """Merge the distances of a span of the queries to the whole reference."""
    start, stop = span
    asked = queries.block(start, stop)
    near.norms[start:stop] = np.sqrt(_squared_norms(asked))
    room = np.empty((stop - start) * min(step, len(reference)), np.float32)
    for low, high in _spans(0, len(reference), step):
        distances = _expand(asked, reference.block(low, high), room)  # (stop - start, high - low)
        _keep_nearest(near.squared[start:stop], near.positions[start:stop], distances, low)


def _compare_all_pairs(
    rows: RowBlocks,
    spans: list[tuple[int, int]],
    near: Candidates,
    n_threads: int,
    progress: Progress,
) -> None:
    """Merge the distances of all pairs of spans of the same rows.

    Each round pairs every span with another one (or with itself), as in a tournament, so that the
    pairs of a round write to rows of their own and can run side by side.
    """
    for turn in range(len(spans)):
        pairs = [(i, (turn - i) % len(spans)) for i in range(len(spans))]
        run_all(
            [partial(_compare_pair, rows, spans[i], spans[j], near) for i, j in pairs if i <= j],
            n_threads,
        )
        progress((turn + 1) / len(spans))


def _compare_pair(
    rows: RowBlocks, first: tuple[int, int], second: tuple[int, int], near: Candidates
) -> None:
    """Merge the distances between two spans into the best of both."""
    (start, stop), (low, high) = first, second
    asked = rows.block(start, stop)
    same = first == second
    found = asked if same else rows.block(low, high)
    room = np.empty((stop - start) * (high - low), np.float32)
    distances = _expand(asked, found, room)
    _keep_nearest(near.squared[start:stop], near.positions[start:stop], distances, low)
    if same:  # once in a tournament
        near.norms[start:stop] = np.sqrt(_squared_norms(asked))
    else:
        _keep_nearest(near.squared[low:high], near.positions[low:high], distances.T, start)


def exact_candidates(
    queries: RowBlocks,
    rows: NDArray[np.int64],
    reference: RowBlocks,
    k: int,
    own: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    """Positions that contain the k nearest of ``queries[rows]``, (len(rows), c), by float64.

    Among rows that even float64 products cannot tell apart those with the lowest positions are
    taken. ``own`` holds the row numbers that must not be chosen.
    """
    asked = queries.pick(rows)
    distances = np.empty((len(rows), len(reference)))
    for low, high in _spans(0, len(reference), _MOST_CHUNK_ROWS):
        found = reference.block(low, high, np.float64)
        room = np.empty(len(rows) * (high - low))
        distances[:, low:high] = _expand(asked, found, room)
    if own is not None:
        _exclude(distances, reference, own)
    kth = np.partition(distances, k - 1, axis=1)[:, k - 1 : k]
    norms = np.sqrt(_squared_norms(asked))[:, None]
    terms = 8 + 2 * np.sqrt(queries.n_features)
    error = np.finfo(np.float64).eps * terms * (2 * norms + np.sqrt(np.maximum(kth, 0))) ** 2
    rank = (distances >= kth - 2 * error).astype(np.uint8)  # 0: surely among the k nearest
    rank += distances > kth + 2 * error  # 2: surely not
    count = min(len(reference), k + _TIES)
    return np.argsort(rank, axis=1, kind="stable")[:, :count].astype(np.int64, copy=False)


def _exclude(distances: NDArray[np.float64], reference: RowBlocks, own: NDArray[np.int64]) -> None:
    """Put infinity where a query meets itself, in place."""
    if reference.rows is None:
        distances[np.arange(len(own)), own] = np.inf
        return
    at = np.minimum(np.searchsorted(reference.rows, own), len(reference) - 1)
    present = np.flatnonzero(reference.rows[at] == own)
    distances[present, at[present]] = np.inf


def _spans(start: int, stop: int, step: int) -> Iterator[tuple[int, int]]:
    for low in range(start, stop, step):
        yield low, min(low + step, stop)


def _squared_norms(block: Block) -> NDArray[Any]:
    if is_sparse(block):
        return np.asarray(block.power(2).sum(axis=1)).ravel()
    return np.asarray(np.einsum("ij,ij->i", block, block))


def _expand(asked: Block, found: Block, room: NDArray[Any]) -> NDArray[Any]:
    """||a||^2 + ||b||^2 - 2ab for all pairs, (len(asked), len(found)), written into ``room``.

    The norms travel as two more columns of the factors, and the caller's room can be used again:
    passes over the block and fresh memory cost as much as the product itself.
    """
    shape = (asked.shape[0], found.shape[0])
    out = room[: shape[0] * shape[1]].reshape(shape)
    left, right = _squared_norms(asked)[:, None], _squared_norms(found)[:, None]
    if is_sparse(asked) or is_sparse(found):
        product = asked @ found.T
        out[:] = product.toarray() if is_sparse(product) else product
        out *= -2
        out += (left + right.T).astype(out.dtype)
        return out
    left = np.hstack([asked, left, np.ones_like(left)])
    right = np.hstack([-2 * found, np.ones_like(right), right])
    return np.asarray(np.matmul(left, right.T, out=out))


def _keep_nearest(
    squared: NDArray[np.float32],
    positions: NDArray[np.int64],
    distances: NDArray[np.float32],
    offset: int,
) -> None:
    """Merge a block of distances (q, r) into the best so far, (q, c) each, in place."""
    count = squared.shape[1]
    values, columns = _improvements(distances, squared.max(axis=1), count)
    values = np.concatenate([squared, values], axis=1)
    numbers = np.concatenate([positions, columns + offset], axis=1)
    best = np.argpartition(values, count - 1, axis=1)[:, :count]
    squared[:] = np.take_along_axis(values, best, 1)
    positions[:] = np.take_along_axis(numbers, best, 1)


def _improvements(
    values: NDArray[np.float32], worst: NDArray[np.float32], count: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Values of a block that may enter the best ``count``, and their columns, (q, w) each.

    After the first blocks few values are below the worst one kept, and few groups of columns
    have a minimum below it: only these are opened. Rows are filled up with infinity.
    """
    n, n_columns = values.shape
    width = n_columns // _GROUP
    if n_columns % _GROUP == 0:
        minima = values.reshape(n, _GROUP, width).min(axis=1)
        row, group = np.nonzero(minima < worst[:, None])
        if len(row) <= _FEW_GROUPS * n:
            column = group[:, None] + width * np.arange(_GROUP)
            opened = values[row[:, None], column]
            better = opened < worst[row, None]
            row = np.repeat(row, better.sum(axis=1))
            return _padded(n, row, opened[better], column[better])
    columns = _smallest(values, min(count, n_columns))
    return np.take_along_axis(values, columns, 1), columns


def _padded(
    n: int, row: NDArray[np.int64], value: NDArray[np.float32], column: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Lay entries that are sorted by row out as (n, w), filled up with infinity."""
    sizes = np.bincount(row, minlength=n)
    slot = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    values = np.full((n, sizes.max()), np.inf, np.float32)
    columns = np.zeros(values.shape, np.int64)
    values[row, slot], columns[row, slot] = value, column
    return values, columns


def _smallest(values: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Columns of the ``count`` smallest values of each row, in no order.

    The smallest values lie in the groups with the smallest minima, so that the slow selection
    sees one value in `_GROUP`.
    """
    n, n_columns = values.shape
    width = n_columns // _GROUP
    if width <= 2 * count:
        return np.argpartition(values, count - 1, axis=1)[:, :count]
    minima = values[:, : width * _GROUP].reshape(n, _GROUP, width).min(axis=1)
    groups = np.argpartition(minima, count - 1, axis=1)[:, :count]
    members = (groups[:, :, None] + width * np.arange(_GROUP)).reshape(n, -1)
    rest = np.broadcast_to(np.arange(width * _GROUP, n_columns), (n, n_columns % _GROUP))
    columns = np.concatenate([members, rest], axis=1)  # (n, count * _GROUP + rest)
    inside = np.argpartition(np.take_along_axis(values, columns, 1), count - 1, axis=1)
    return np.take_along_axis(columns, inside[:, :count], 1)
