"""Ties by row number from stores that return equal distances in any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ordering import first_by_score

SPARE = 32  # what is fetched beyond k at first
GROWTH = 8
BATCH_ENTRIES = 1 << 22

Table = tuple[NDArray[Any], NDArray[np.int64]]
Nearest = Callable[[NDArray[np.uint8], int], Table]
"""(queries, count) -> distances ascending and rows, (q, count) each; row -1 where none is left."""
Within = Callable[[NDArray[np.uint8], int, int, int], Table]
"""(one query, count, first row, stop row) -> distances ascending and rows of those between."""


def settle_ties(
    nearest: Nearest,
    queries: NDArray[np.uint8],
    k: int,
    n_rows: int,
    most: int | None = None,
    within: Within | None = None,
) -> Table:
    """Return the k nearest of each query, of equal distances the lower rows.

    The k-th distance may be shared by codes that the store left out, unless it returned a greater
    one as well. So more is fetched, for the queries that still need it, until a greater one comes.

    Args:
        nearest: the store's own search, exact but for the order of equal distances.
        queries: (q, n_bytes) uint8.
        k: codes per query.
        n_rows: codes in the store.
        most: how many the store can return, at least k; None: all.
        within: searches some rows only; needed where ``most`` is less than ``n_rows``.
    """
    limit = min(n_rows, most or n_rows)
    distances = np.empty((len(queries), k), np.int32)
    rows = np.empty((len(queries), k), np.int64)
    waiting = np.arange(len(queries))
    count = min(k + SPARE, limit)
    while len(waiting):
        unsettled = []
        step = max(1, BATCH_ENTRIES // count)
        for start in range(0, len(waiting), step):
            part = waiting[start : start + step]
            found, found_rows = nearest(queries[part], count)
            distances[part], rows[part] = first_by_score(found, found_rows, k)
            is_open = (found[:, -1] == found[:, k - 1]) & (count < n_rows)
            unsettled.append(part[is_open])
        waiting = np.concatenate(unsettled)
        if count == limit:
            break
        count = min(GROWTH * count, limit)
    if within is None:
        return distances, rows
    for query in waiting:
        farthest = distances[query, -1]
        n_tied = int((distances[query] == farthest).sum())
        rows[query, k - n_tied :] = _lowest_tied(
            within, queries[query], farthest, n_tied, n_rows, limit
        )
    return distances, rows


def _lowest_tied(
    within: Within,
    query: NDArray[np.uint8],
    distance: np.int32,
    wanted: int,
    n_rows: int,
    limit: int,
) -> NDArray[np.int64]:
    """Return the lowest rows at a distance, more of which exist than the store can return.

    Rows are gone through in spans that are halved until the store returns all of a span that is not
    farther than the distance, which takes a handful of searches unless the first rows are few.
    """
    found: list[NDArray[np.int64]] = []
    first, span = 0, n_rows
    while wanted > 0 and first < n_rows:
        near, rows = within(query, min(limit, span), first, min(first + span, n_rows))
        if len(near) == limit < span and near.max() <= distance:
            span = max(limit, span // 2)
            continue
        tied = np.sort(rows[near == distance])[:wanted]
        found.append(tied)
        wanted -= len(tied)
        first += span
    return np.concatenate(found)
