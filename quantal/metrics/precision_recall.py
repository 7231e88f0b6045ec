"""Precision and recall at a depth or within a radius, with ties treated exactly."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError, require_choice, require_range
from .histograms import DistanceHistograms, counts_before
from .queries import require_depth, scored

RecallRule = Literal["expected", "best", "worst", "by_id"]
Scores = NDArray[np.float64]


class BallPrecision(NamedTuple):
    """What `precision_within` found.

    Attributes:
        precision: mean over all queries, in [0, 1]; a query with an empty ball adds 0.
        empty_fraction: share of queries with no code within the radius, in [0, 1].
    """

    precision: float
    empty_fraction: float


def precision_at(histograms: DistanceHistograms, n: int) -> float:
    """Share of relevant codes among the first n, in expectation over random order of ties.

    Distances that lie wholly inside count as they are; of the distance at the border the
    remaining places get its share of relevant codes. No order of the gallery enters.

    Args:
        histograms: of the search.
        n: codes retrieved a query, 1 to the size of the gallery.

    Returns:
        Mean over all queries, in [0, 1]; a query without a relevant code has precision 0.

    Raises:
        ParameterError: ``n`` is larger than the gallery, or not a positive integer.

    Source: precision@500 of Hu et al. 2017, arXiv:1702.08720, Table 5. Their unstable sort
        breaks ties arbitrarily; the expectation is McSherry and Najork's, 2008.

    Examples:
        >>> import numpy as np
        >>> h = DistanceHistograms(np.array([[1, 2]]), np.array([[1, 1]]), n_bits=1)
        >>> precision_at(h, 2)
        0.75
    """
    return float(precisions_at(histograms, n).mean())


def precisions_at(histograms: DistanceHistograms, n: int) -> Scores:
    """Expected precision at n of each query, (q,)."""
    require_depth("n", n, histograms)
    return _found_within(histograms, int(n), "expected") / int(n)


def precision_within(histograms: DistanceHistograms, radius: int) -> BallPrecision:
    """Share of relevant codes within a Hamming radius, and how many balls are empty.

    Long codes have many empty balls, and then their share decides the precision: read both.

    Args:
        histograms: of the search.
        radius: largest distance inside, 0 to n_bits. The papers' "r = 2" is distance <= 2.

    Returns:
        The mean precision, in which an empty ball scores 0 and is kept, and the share of empty
        balls.

    Raises:
        ParameterError: ``radius`` is out of range.

    Source: Hu et al. 2017, arXiv:1702.08720, section 4.3, by their code.
    """
    precisions, empty = precisions_within(histograms, radius)
    return BallPrecision(float(precisions.mean()), float(empty.mean()))


def precisions_within(
    histograms: DistanceHistograms, radius: int
) -> tuple[Scores, NDArray[np.bool_]]:
    """Precision within the radius of each query, 0 where the ball is empty, and the empty ones."""
    require_range("radius", radius, low=0, high=histograms.n_bits, integer=True)
    inside = slice(0, int(radius) + 1)
    size = histograms.all[:, inside].sum(axis=1)
    found = histograms.relevant[:, inside].sum(axis=1)
    return found / np.maximum(size, 1), size == 0


def recall_at(histograms: DistanceHistograms, n: int, *, ties: RecallRule = "expected") -> float:
    """Share of the relevant codes that are among the first n retrieved.

    With the K true neighbours of each query as the relevant codes (`neighbor_histograms`) this is
    Recall K@N; what faiss calls R@N is Recall 1@N. For a curve call it for each n: the search is
    not repeated.

    Args:
        histograms: of the search.
        n: codes retrieved a query, 1 to the size of the gallery.
        ties: what stands in the places that a tie leaves open. "expected": the mean over all its
            orders. "best", "worst": the relevant codes first or last; their gap says how much an
            implementation's order can move the number. "by_id": the lower id first, as a stable
            sort of the distances gives and as faiss's flat index was seen to do; it depends on
            the order of the gallery, so shuffle that once.

    Returns:
        Mean over the queries that have a relevant code, in [0, 1].

    Raises:
        ParameterError: ``n`` is out of range, another ``ties``, or "by_id" with histograms that
            hold no ranks.
        DataError: no query has a relevant code.

    Source: the protocol of k-means hashing (He et al. 2013), whose code orders ties by id, and of
        stochastic generative hashing (Dai et al. 2017). Expectation: McSherry and Najork 2008.
    """
    return float(scored(recalls_at(histograms, n, ties=ties)).mean())


def recalls_at(histograms: DistanceHistograms, n: int, *, ties: RecallRule = "expected") -> Scores:
    """Recall at n of each query, (q,); nan for a query without a relevant code."""
    require_depth("n", n, histograms)
    require_choice("ties", ties, ("expected", "best", "worst", "by_id"))
    if ties != "by_id":
        found = _found_within(histograms, int(n), ties)
    elif histograms.ranks is None:
        raise ParameterError(
            "ties='by_id' needs the rank of every relevant code, which histograms by class do not "
            "hold. Use neighbor_histograms, or ties='expected'."
        )
    else:
        found = (histograms.ranks < int(n)).sum(axis=1).astype(float)
    total = histograms.n_relevant
    return np.where(total > 0, found / np.maximum(total, 1), np.nan)


def _found_within(histograms: DistanceHistograms, n: int, ties: str) -> Scores:
    """Relevant codes among the first n of each query, (q,)."""
    reached = np.cumsum(histograms.all, axis=1)
    border = np.argmax(reached >= n, axis=1)[:, None]  # the distance that rank n falls on
    tied, relevant = (
        np.take_along_axis(counts, border, axis=1)[:, 0]
        for counts in (histograms.all, histograms.relevant)
    )
    places = n - (np.take_along_axis(reached, border, axis=1)[:, 0] - tied)
    nearer = np.take_along_axis(counts_before(histograms.relevant), border, axis=1)[:, 0]
    if ties == "best":
        return np.asarray(nearer + np.minimum(relevant, places), dtype=float)
    if ties == "worst":
        return np.asarray(nearer + np.maximum(0, places - (tied - relevant)), dtype=float)
    return np.asarray(nearer + relevant * (places / tied))
