"""All retrieval scores of one set of codes, with bootstrap intervals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import require_range
from .average_precision import average_precisions
from .histograms import DistanceHistograms, distance_histograms
from .intervals import interval_text, mean_interval
from .precision_recall import precisions_at, precisions_within
from .queries import require_depth, scored

_SCORES = (
    "map",
    "map_trapezoid",
    "map_step",
    "precision_at_n",
    "precision_within_radius",
    "empty_balls",
)


@dataclass(frozen=True)
class RetrievalScores:
    """What `evaluate_retrieval` found.

    Attributes:
        map: mean average precision in expectation over random order of ties, in [0, 1].
        map_trapezoid: the same by the trapezoid rule, for comparison with published tables.
        map_step: the same by scikit-learn's rule.
        precision_at_n: expected share of relevant codes among the first ``n_retrieved``.
        precision_within_radius: share of relevant codes at a distance <= ``radius``; a query
            that finds none there scores 0 and is kept.
        empty_balls: share of queries with no code at a distance <= ``radius``.
        n_retrieved: depth of ``precision_at_n``.
        radius: Hamming radius of the two scores above.
        n_bits: length of the codes.
        n_codes: codes in the gallery.
        n_queries: queries.
        n_without_relevant: queries whose class the gallery does not hold. The three average
            precisions leave them out; the precisions keep them, at 0.
        intervals: 95 % bootstrap interval per score name; empty if none was asked for.
        n_resamples: resamples behind each interval.
    """

    map: float
    map_trapezoid: float
    map_step: float
    precision_at_n: float
    precision_within_radius: float
    empty_balls: float
    n_retrieved: int
    radius: int
    n_bits: int
    n_codes: int
    n_queries: int
    n_without_relevant: int
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    n_resamples: int = 0

    def rows(self) -> list[tuple[str, str, str]]:
        """Name, value and interval of each score as text, e.g. for a table."""
        titles = (
            "mAP",
            "mAP (trapezoid, as published)",
            "mAP (step, as scikit-learn)",
            f"precision@{self.n_retrieved}",
            f"precision within radius {self.radius}",
            f"empty balls of radius {self.radius}",
        )
        return [
            (title, f"{getattr(self, name):.4f}", interval_text(self.intervals.get(name)))
            for title, name in zip(titles, _SCORES, strict=True)
        ]

    def text(self) -> str:
        """The scores as plain lines."""
        lines = [f"{title:<29}  {value}  {span}".rstrip() for title, value, span in self.rows()]
        if self.intervals:
            lines.append(
                f"[95 % intervals from {self.n_resamples} bootstrap resamples of the queries]"
            )
        lines.append(f"{self.n_queries} queries, {self.n_codes} codes of {self.n_bits} bits")
        if self.n_without_relevant:
            lines.append(
                f"{self.n_without_relevant} queries without a relevant code are left out of mAP"
            )
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The scores as JSON-able values."""
        names = ("n_retrieved", "radius", "n_bits", "n_codes", "n_queries", "n_without_relevant")
        values: dict[str, Any] = {name: getattr(self, name) for name in (*_SCORES, *names)}
        spans = {name: list(span) for name, span in self.intervals.items()}
        return values | {"intervals": spans, "n_resamples": self.n_resamples}


def evaluate_retrieval(
    codes: ArrayLike,
    queries: ArrayLike,
    code_labels: ArrayLike,
    query_labels: ArrayLike,
    n_bits: int | None = None,
    *,
    n_retrieved: int = 500,
    radius: int = 2,
    n_resamples: int = 1000,
    generator: np.random.Generator | None = None,
) -> RetrievalScores:
    """Every retrieval score by class, with a 95 % bootstrap interval for each.

    The interval says how far the score would move with other queries of the same kind, against
    this same gallery and with these same codes; it says nothing of another seed or split.

    Args:
        codes: (n, n_bytes) uint8 packed gallery codes, bit k in byte k // 8 at position k % 8.
        queries: (q, n_bytes) uint8 packed query codes of the same hasher, from other rows.
        code_labels: (n,) integers or strings, the classes of the gallery.
        query_labels: (q,) integers or strings, the classes of the queries.
        n_bits: length of the codes; None for all bits of their bytes.
        n_retrieved: depth of precision@n, 1 to n. The papers' is 500.
        radius: Hamming radius, 0 to n_bits. The papers' is 2.
        n_resamples: bootstrap resamples of the queries; 0 for no interval.
        generator: draws the resamples; default: a fresh one with seed 0, so that the same codes
            give the same intervals.

    Returns:
        The scores.

    Raises:
        DataError: codes or labels that do not fit together, or no query with a relevant code.
        ParameterError: a parameter is out of range.

    Source: the protocol of Hu et al. 2017, arXiv:1702.08720, section 4.3, whose code scores by the
        trapezoid rule.
    """
    require_range("n_resamples", n_resamples, low=0, integer=True)
    histograms = distance_histograms(codes, queries, code_labels, query_labels, n_bits)
    require_depth("n_retrieved", n_retrieved, histograms)
    values = _values_by_query(histograms, int(n_retrieved), radius)
    rng = np.random.default_rng(0) if generator is None else generator
    n = int(n_resamples)
    return RetrievalScores(
        **{name: float(values[name].mean()) for name in _SCORES},
        n_retrieved=int(n_retrieved),
        radius=int(radius),
        n_bits=histograms.n_bits,
        n_codes=histograms.n_codes,
        n_queries=histograms.n_queries,
        n_without_relevant=histograms.n_without_relevant,
        intervals={name: mean_interval(values[name], n, rng) for name in _SCORES if n},
        n_resamples=n,
    )


def _values_by_query(
    histograms: DistanceHistograms, n_retrieved: int, radius: int
) -> dict[str, NDArray[np.float64]]:
    """Each score of each query that has it, in the order of the queries."""
    within, empty = precisions_within(histograms, radius)
    return {
        "map": scored(average_precisions(histograms)),
        "map_trapezoid": scored(average_precisions(histograms, ties="trapezoid")),
        "map_step": scored(average_precisions(histograms, ties="step")),
        "precision_at_n": precisions_at(histograms, n_retrieved),
        "precision_within_radius": within,
        "empty_balls": empty.astype(np.float64),
    }
