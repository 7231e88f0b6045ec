"""All clustering scores of one labelling, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import require_range
from .contingency import (
    Tables,
    accuracies,
    contingency,
    mutual_informations,
    purities,
    rand_indices,
)
from .intervals import centred_interval, interval_text

SCORES: dict[str, tuple[str, Callable[[Tables], NDArray[np.float64]]]] = {
    "accuracy": ("accuracy (Hungarian)", accuracies),
    "nmi_arithmetic": ("NMI (arithmetic mean)", lambda t: mutual_informations(t, "arithmetic")),
    "nmi_geometric": ("NMI (geometric mean)", lambda t: mutual_informations(t, "geometric")),
    "ari": ("adjusted Rand index", rand_indices),
    "purity": ("purity", purities),
}

# Cells resampled at a time: 4 million doubles are 32 MB, whatever the number of clusters.
_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class ClusteringScores:
    """What `evaluate_clustering` found.

    Attributes:
        accuracy: share of rows on the best pairing of clusters with classes, in (0, 1].
        nmi_arithmetic: mutual information over the arithmetic mean of the entropies, in [0, 1].
        nmi_geometric: the same over the geometric mean, in [0, 1].
        ari: adjusted Rand index, in [-0.5, 1].
        purity: share of rows in the commonest class of their cluster, in (0, 1].
        n_rows: rows with a true label, those the scores speak of.
        n_without_truth: rows left out because they have none.
        n_classes: different true labels.
        cluster_sizes: rows per predicted label, those without truth included.
        intervals: 95 % bootstrap interval per score name; empty if none was asked for.
        n_resamples: resamples behind each interval.
    """

    accuracy: float
    nmi_arithmetic: float
    nmi_geometric: float
    ari: float
    purity: float
    n_rows: int
    n_without_truth: int
    n_classes: int
    cluster_sizes: dict[Any, int]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    n_resamples: int = 0

    def rows(self) -> list[tuple[str, str, str]]:
        """Name, value and interval of each score as text, e.g. for a table."""
        return [
            (title, f"{getattr(self, name):z.4f}", interval_text(self.intervals.get(name)))
            for name, (title, _) in SCORES.items()
        ]

    def text(self) -> str:
        """The scores and cluster sizes as plain lines."""
        lines = [f"{title:<22}  {value}  {span}".rstrip() for title, value, span in self.rows()]
        if self.intervals:
            lines.append(
                f"[95 % intervals from {self.n_resamples} bootstrap resamples of the rows]"
            )
        lines.append(
            f"{self.n_rows} rows, {len(self.cluster_sizes)} clusters, {self.n_classes} classes"
        )
        if self.n_without_truth:
            lines.append(f"{self.n_without_truth} rows without a true label were left out")
        sizes = ", ".join(f"{label}: {size}" for label, size in self.cluster_sizes.items())
        lines.append(f"cluster sizes  {sizes}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The scores as JSON-able values; labels become strings."""
        values: dict[str, Any] = {name: getattr(self, name) for name in SCORES}
        values |= {
            "n_rows": self.n_rows,
            "n_without_truth": self.n_without_truth,
            "n_classes": self.n_classes,
            "cluster_sizes": {str(label): size for label, size in self.cluster_sizes.items()},
            "intervals": {name: list(span) for name, span in self.intervals.items()},
            "n_resamples": self.n_resamples,
        }
        return values


def evaluate_clustering(
    labels_true: ArrayLike,
    labels_pred: ArrayLike,
    *,
    n_resamples: int = 1000,
    generator: np.random.Generator | None = None,
) -> ClusteringScores:
    """Every clustering score, with a 95 % bootstrap interval for each.

    The interval says how far the score would move with other rows of the same kind and this same
    labelling; it says nothing of how another seed would label them. It is the central 95 % of the
    resampled scores, moved so that their mean lies on the score itself: resampling inflates
    mutual information when cells are few (by more than the interval's width for 100 clusters),
    and an interval beside its own value helps nobody.

    Args:
        labels_true: (n,) integers or strings; rows with -1, None, nan or "" are left out and
            counted.
        labels_pred: (n,) integers or strings.
        n_resamples: bootstrap resamples of the rows; 0 for no interval.
        generator: draws the resamples; default: a fresh one with seed 0, so that the same labels
            give the same intervals.

    Returns:
        The scores; the pairing behind the accuracy is found anew in every resample.

    Raises:
        DataError: if the labels cannot be compared.
        ParameterError: if ``n_resamples`` is negative.
    """
    require_range("n_resamples", n_resamples, low=0, integer=True)
    table = contingency(labels_true, labels_pred)
    observed = table.counts[None].astype(float)
    values = {name: float(score(observed)[0]) for name, (_, score) in SCORES.items()}
    rng = np.random.default_rng(0) if generator is None else generator
    return ClusteringScores(
        **values,
        n_rows=int(table.counts.sum()),
        n_without_truth=table.n_without_truth,
        n_classes=len(table.classes),
        cluster_sizes=dict(zip(table.clusters, table.sizes.tolist(), strict=True)),
        intervals=_intervals(table.counts, int(n_resamples), rng),
        n_resamples=int(n_resamples),
    )


def _intervals(
    counts: NDArray[np.int64], n_resamples: int, rng: np.random.Generator
) -> dict[str, tuple[float, float]]:
    """Centred percentile intervals; resampling n rows is one multinomial draw of the cells."""
    if n_resamples == 0:
        return {}
    n, filled = int(counts.sum()), np.flatnonzero(counts)  # an empty cell stays empty
    shares = counts.ravel()[filled] / n
    drawn: dict[str, list[NDArray[np.float64]]] = {name: [] for name in SCORES}
    step = max(1, _CELLS_AT_ONCE // counts.size)
    for start in range(0, n_resamples, step):
        size = min(step, n_resamples - start)
        tables = np.zeros((size, counts.size))
        tables[:, filled] = rng.multinomial(n, shares, size=size)
        tables = tables.reshape(size, *counts.shape)
        for name, (_, score) in SCORES.items():
            drawn[name].append(score(tables))
    observed = counts[None].astype(float)
    return {
        name: centred_interval(np.concatenate(drawn[name]), float(score(observed)[0]))
        for name, (_, score) in SCORES.items()
    }
