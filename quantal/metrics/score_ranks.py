"""Recall K@N where real-valued scores rank: asymmetric search, product quantisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, ParameterError, require_choice, require_range

Counts = NDArray[np.int64]
_SCORES = 8 << 20  # scores held at once: 64 MB of float64


@dataclass(frozen=True, eq=False)
class ScoreRanks:
    """Where the true neighbours of each query stand in a ranking by scores.

    Attributes:
        nearer: (q, K) int64, rows with a better score than each neighbour.
        tied: (q, K) int64, rows with its score, itself included; at least 1.
        by_id: (q, K) int64, its rank from 0 where equal scores are ordered by id.
        n_rows: size of the gallery.

    Raises:
        DataError: the counts cannot come from one gallery.
    """

    nearer: Counts
    tied: Counts
    by_id: Counts
    n_rows: int

    def __post_init__(self) -> None:
        if not self.nearer.shape == self.tied.shape == self.by_id.shape or self.nearer.ndim != 2:
            raise DataError(
                "nearer, tied and by_id must have one shape (n_queries, K), got "
                f"{self.nearer.shape}, {self.tied.shape} and {self.by_id.shape}."
            )
        outside = (self.tied < 1) | (self.by_id < self.nearer)
        if (outside | (self.by_id >= self.nearer + self.tied)).any():
            raise DataError("every neighbour must stand among the rows that tie with it.")

    def recall_at(self, k: int, n: int, *, ties: str = "expected") -> float:
        """Share of the first k true neighbours that are among the first n retrieved.

        Args:
            k: how many of each query's neighbours count, 1 to K.
            n: rows retrieved a query, 1 to ``n_rows``.
            ties: "expected": the mean over all orders of equal scores; "by_id": the lower id first.

        Returns:
            Mean over the queries, in [0, 1].

        Raises:
            ParameterError: ``k``, ``n`` or ``ties`` is out of range.
        """
        require_range("k", k, low=1, high=self.nearer.shape[1], integer=True)
        require_range("n", n, low=1, high=self.n_rows, integer=True)
        require_choice("ties", ties, ("expected", "by_id"))
        if ties == "by_id":
            return float((self.by_id[:, :k] < n).mean())
        places = (n - self.nearer[:, :k]) / self.tied[:, :k]
        return float(np.clip(places, 0, 1).mean())


def score_ranks(
    scores: Callable[[int, int], NDArray[np.float64]],
    neighbors: ArrayLike,
    groups: ArrayLike,
) -> ScoreRanks:
    """Rank all rows of a gallery by scores, of which rows with one code share one.

    Codes of few bits tie often, and a matrix product may round equal rows differently; so scores
    are of groups, and the rows of a group tie exactly.

    Args:
        scores: (start, stop) -> scores of these queries for every group, (stop - start, g),
            smaller is better; called in order, some queries at a time.
        neighbors: (q, K) integers, distinct in each row: the true neighbours, nearest first.
        groups: (n,) integers, the group of each row, from 0.

    Returns:
        The ranks, for Recall k@N of every k up to K and every N.

    Raises:
        DataError: ``neighbors`` or ``groups`` are no such numbers.
    """
    from .score_kernel import count_scores

    members = np.ascontiguousarray(groups, np.int64)
    wanted = np.ascontiguousarray(neighbors, np.int64)
    if members.ndim != 1 or len(members) == 0 or members.min() < 0:
        raise DataError("groups must be the numbers of groups from 0, one a row of the gallery.")
    if wanted.ndim != 2 or wanted.size == 0 or not 0 <= wanted.min() <= wanted.max() < len(members):
        raise DataError(
            f"neighbors must be row numbers from 0 to {len(members) - 1}, shape (n_queries, K)."
        )
    nearer, tied, earlier = (np.zeros_like(wanted) for _ in range(3))
    step = max(1, _SCORES // len(members))
    for start in range(0, len(wanted), step):
        part = slice(start, start + step)
        found = np.ascontiguousarray(scores(start, min(start + step, len(wanted))), np.float64)
        if np.isnan(found).any():
            raise ParameterError("scores must not be nan; the decoder is damaged. Fit it again.")
        count_scores(found, members, wanted[part], nearer[part], tied[part], earlier[part])
    return ScoreRanks(nearer, tied, nearer + earlier, len(members))


def ranks_of_ids(ids: ArrayLike, neighbors: ArrayLike, n_rows: int) -> ScoreRanks:
    """Find the true neighbours in lists of retrieved ids, whose order is taken as it is.

    For an index that returns its best rows and no score of the others.

    Args:
        ids: (q, k) integers, best first, distinct in each row; -1 where fewer were found.
        neighbors: (q, K) integers, distinct in each row.
        n_rows: size of the gallery.

    Returns:
        The ranks; a neighbour that is not in the list has rank k, or the last of the gallery, so
        recall at n <= k is exact.

    Raises:
        DataError: the two are not of as many queries.
    """
    found, wanted = np.asarray(ids, np.int64), np.asarray(neighbors, np.int64)
    if found.ndim != 2 or wanted.ndim != 2 or len(found) != len(wanted):
        raise DataError(
            f"ids and neighbors must be (q, k) and (q, K), got {found.shape} and {wanted.shape}."
        )
    offsets = np.arange(len(found), dtype=np.int64)[:, None] * (n_rows + 1)
    keys = (found + 1 + offsets).ravel()
    order = np.argsort(keys, kind="stable")
    asked = (wanted + 1 + offsets).ravel()
    place = np.minimum(np.searchsorted(keys, asked, sorter=order), len(keys) - 1)
    hit = keys[order[place]] == asked
    last = min(found.shape[1], n_rows - 1)
    ranks = np.where(hit, order[place] % found.shape[1], last).reshape(wanted.shape)
    return ScoreRanks(ranks, np.ones_like(ranks), ranks, n_rows)
