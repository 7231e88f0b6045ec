"""Average precision of rankings with ties, from distance histograms."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError, require_choice
from .histograms import Counts, DistanceHistograms, counts_before
from .queries import require_depth, scored

TieRule = Literal["expected", "trapezoid", "step"]
Scores = NDArray[np.float64]

_TABULATED = 128  # from here on the series below is exact to the last bit


def mean_average_precision(
    histograms: DistanceHistograms, *, ties: TieRule = "expected", at: int | None = None
) -> float:
    """Mean average precision (mAP) over the queries that have a relevant code.

    A Hamming distance takes n_bits + 1 values, so most of a ranking is ties, and what is done
    with them changes the number by several points:

    - "expected": the mean over all orders of the tied codes, exactly. A code that gives every
      item the same bits scores as a random ranking does. The default, and the one to compare by.
    - "trapezoid": area under the precision-recall curve with one point a distance, joined by
      straight lines from precision 1 at recall 0. This is what the IMSAT paper's tables hold.
      It flatters codes with large ties.
    - "step": sum of precision times gain in recall, one step a distance; scikit-learn's
      `average_precision_score` since 0.19. Neither an expectation nor a bound of it.

    With R relevant codes in the gallery and ``at`` = k,

        AP@k = 1 / min(R, k) * sum over ranks i <= k of relevant(i) * precision(i),

    so that a perfect ranking scores 1 at any depth. Some papers divide by the relevant codes
    found among the first k instead; that number rises when hits are lost, and is not offered.

    Args:
        histograms: of at least one query with a relevant code. Queries without one have no
            average precision and are left out (`DistanceHistograms.n_without_relevant` counts
            them).
        ties: the rule for equal distances: "expected", "trapezoid" or "step".
        at: depth of the ranking, 1 to the size of the gallery; None for all of it. Only with
            ``ties="expected"``, as the other rules know no order within a tie.

    Returns:
        A number in [0, 1]; larger is better.

    Raises:
        ParameterError: another ``ties``, ``at`` out of range, or ``at`` with another rule.
        DataError: no query has a relevant code.

    Source: trapezoid: Hu et al. 2017, arXiv:1702.08720, Tables 5 and 6, by their code and the
        scikit-learn of its time. Expectation: the measure of McSherry and Najork 2008; the form
        by harmonic sums is ours and is tested against all permutations.

    Examples:
        >>> import numpy as np
        >>> h = DistanceHistograms(np.array([[1, 2]]), np.array([[0, 1]]), n_bits=1)
        >>> round(mean_average_precision(h), 4)
        0.4167
    """
    values = average_precisions(histograms, ties=ties, at=at)
    return float(scored(values).mean())


def average_precisions(
    histograms: DistanceHistograms, *, ties: TieRule = "expected", at: int | None = None
) -> Scores:
    """Average precision of each query, (q,); nan for a query without a relevant code."""
    require_choice("ties", ties, ("expected", "trapezoid", "step"))
    if at is not None:
        require_depth("at", at, histograms)
        if ties != "expected":
            raise ParameterError(
                f"at={at} needs ties='expected', got ties={ties!r}: with one point a distance "
                "the order within a tie is not defined."
            )
    depth = histograms.n_codes if at is None else int(at)
    total = np.maximum(histograms.n_relevant, 1)
    if ties == "expected":
        values = _expected_precision_sum(histograms, depth) / np.minimum(total, depth)
    else:
        values = _area(histograms, ties) / total
    return np.where(histograms.n_relevant > 0, values, np.nan)


def _area(histograms: DistanceHistograms, rule: str) -> Scores:
    """Area under the curve with one point a distance, times the relevant codes, (q,)."""
    found = np.cumsum(histograms.relevant, axis=1)
    retrieved = np.cumsum(histograms.all, axis=1)
    # Before the first code the precision is 1; empty distances repeat the point before them.
    precision = np.divide(found, retrieved, out=np.ones(found.shape), where=retrieved > 0)
    if rule == "trapezoid":
        before = np.concatenate([np.ones((len(found), 1)), precision[:, :-1]], axis=1)
        precision = (precision + before) / 2
    return np.asarray((histograms.relevant * precision).sum(axis=1))


def _expected_precision_sum(histograms: DistanceHistograms, depth: int) -> Scores:
    """Expected sum of precisions at the relevant codes up to ``depth``, over random ties, (q,).

    A tie of n codes, r of them relevant, follows N codes with R relevant ones. At its place i a
    relevant code stands with probability r / n, and given that, (i - 1) (r - 1) / (n - 1) of the
    places before it hold one, so that the sum over the places is

        r / n * sum_i (R + 1 + (i - 1) (r - 1) / (n - 1)) / (N + i).
    """
    tied, relevant = histograms.all, histograms.relevant
    before, found = counts_before(tied), counts_before(relevant)
    places = np.clip(depth - before, 0, tied)
    reciprocals = reciprocal_sums(before, places)
    share = relevant / np.maximum(tied, 1)
    gain = (relevant - 1) / np.maximum(tied - 1, 1)  # a relevant code of a tie of one gains 0
    ramp = places - (before + 1) * reciprocals  # sum_i (i - 1) / (N + i)
    return np.asarray((share * ((found + 1) * reciprocals + gain * ramp)).sum(axis=1))


def reciprocal_sums(start: Counts, count: Counts) -> Scores:
    """Return 1 / (start + 1) + ... + 1 / (start + count), to 15 digits for any start.

    Differences of harmonic numbers from a table would lose them: at a million codes the terms
    are 1e-7 of the sums. Large parts follow Euler and Maclaurin's series.
    """
    table = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, _TABULATED + 1))])
    stop = start + count
    small = table[np.minimum(stop, _TABULATED)] - table[np.minimum(start, _TABULATED)]
    low, high = (np.maximum(n, _TABULATED).astype(float) for n in (start, stop))
    series = np.log1p((high - low) / low)
    for power, factor in ((1, 1 / 2), (2, -1 / 12), (4, 1 / 120), (6, -1 / 252)):
        series += factor * (1.0 / high**power - 1.0 / low**power)
    return np.asarray(small + series)
