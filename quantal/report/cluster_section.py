"""What a report says of clusters: sizes, members, maps, certainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .assignment import PROBABILITY, Assignment
from .charts import BarChart, histogram
from .findings import doubtful_share, expected_shares
from .members import Members, members, shown_clusters
from .point_map import PointMap, cluster_map, coordinates, prepared, sampled_rows
from .profiles import ColumnFigure, Profile, profiles
from .row_views import RowView, RowViewer
from .shown_rows import ShownRows

MOST_BARS = 60  # of the table of sizes
N_BINS = 20
COUNTS = {"images": (14, 7), "text": (3, 2), "vectors": (4, 3)}
"""Typical and least certain members of a cluster that are shown."""


@dataclass(frozen=True)
class SizeBar:
    """One row of the table of sizes.

    Attributes:
        cluster: Its number.
        size: Rows in it.
        share: Of all rows, 0 to 1.
        expected: Expected share.
        width: Of the bar, in percent of the longest thing drawn.
        mark: Of the expected share, in the same percent.
        color: Number of its colour in the maps; -1 for none.
    """

    cluster: int
    size: int
    share: float
    expected: float
    width: float
    mark: float
    color: int


@dataclass(frozen=True)
class SizeTable:
    """Sizes of the clusters beside what was expected.

    Attributes:
        bars: The clusters; only the largest where there are very many.
        n_clusters: All clusters.
        n_left_out: Clusters without a bar.
        largest_left_out: Rows of the largest of them.
        is_prior: Whether the model was told the expected shares.
        n_empty: Clusters without a row.
    """

    bars: list[SizeBar]
    n_clusters: int
    n_left_out: int
    largest_left_out: int
    is_prior: bool
    n_empty: int


@dataclass(frozen=True)
class ClusterCard:
    """One cluster and its members.

    Attributes:
        cluster: Its number.
        size: Rows in it.
        share: Of all rows, 0 to 1.
        color: Number of its colour in the maps.
        mean_image: Data URI of the mean of its pictures, or empty.
        words: Its strongest words.
        columns: Its most distinctive columns.
        widest: The largest score of these in size, for their bars.
        typical: Its most certain members.
        doubtful: Its least certain ones.
    """

    cluster: int
    size: int
    share: float
    color: int
    mean_image: str
    words: list[str]
    columns: list[ColumnFigure]
    widest: float
    typical: list[RowView]
    doubtful: list[RowView]


@dataclass(frozen=True)
class ClusterSection:
    """Everything about the clusters of some rows.

    Attributes:
        kind: "images", "text" or "vectors".
        measure: "probability" or "separation".
        cards: One a shown cluster.
        n_hidden: Clusters with rows that have no card.
        note: How many rows are behind means and words.
        maps: The maps.
        certainty: Histogram of it.
        doubtful: Share of the rows that might as well be elsewhere.
        mean_certainty: Mean over all rows.
    """

    kind: str
    measure: str
    cards: list[ClusterCard]
    n_hidden: int
    note: str
    maps: list[PointMap]
    certainty: BarChart
    doubtful: float
    mean_certainty: float


def size_table(model: Any, sizes: NDArray[np.int64]) -> SizeTable:
    """Lay out sizes beside the prior.

    Args:
        model: a fitted clusterer.
        sizes: (k,) rows in each cluster.
    """
    expected, is_prior = expected_shares(model, len(sizes))
    shares = sizes / max(1, int(sizes.sum()))
    top = max(float(shares.max()), float(expected.max())) or 1.0
    shown = np.sort(np.argsort(-sizes, kind="stable")[:MOST_BARS])
    left_out = np.delete(sizes, shown)
    colors = {cluster: i for i, cluster in enumerate(shown_clusters(sizes).tolist())}
    bars = [
        SizeBar(
            c,
            int(sizes[c]),
            float(shares[c]),
            float(expected[c]),
            round(100 * float(shares[c]) / top, 2),
            round(100 * float(expected[c]) / top, 2),
            colors.get(c, -1),
        )
        for c in shown.tolist()
    ]
    largest = int(left_out.max()) if len(left_out) else 0
    n_empty = int((sizes == 0).sum())
    return SizeTable(bars, len(sizes), len(left_out), largest, is_prior, n_empty)


def cluster_section(
    model: Any, shown: ShownRows, found: Assignment, generator: np.random.Generator
) -> ClusterSection:
    """Choose members and draw maps of clustered rows.

    Args:
        model: a fitted clusterer.
        shown: the rows.
        found: their clusters.
        generator: draws samples where rows are many.
    """
    sizes = found.sizes
    clusters = shown_clusters(sizes)
    chosen = members(found, clusters, *COUNTS[shown.kind])
    described = profiles(shown, found.labels, clusters, generator)
    viewer = RowViewer(shown, np.concatenate([np.r_[m.typical, m.doubtful] for m in chosen]))
    cards = [
        _card(m, color, described.of[m.cluster], viewer, found) for color, m in enumerate(chosen)
    ]
    note = ""
    if described.n_rows < len(shown):
        note = (
            f"Means are those of {described.n_rows:,} rows drawn at random, and of "
            f"{described.most_a_cluster:,} of a cluster at most."
        )
    return ClusterSection(
        shown.kind,
        found.measure,
        cards,
        int(np.count_nonzero(sizes)) - len(cards),
        note,
        _maps(model, shown, found, clusters, generator),
        certainty_chart(found),
        doubtful_share(found),
        float(found.certainty.mean(dtype=np.float64)),
    )


def _card(
    chosen: Members, color: int, profile: Profile, viewer: RowViewer, found: Assignment
) -> ClusterCard:
    columns = [column.index for column in profile.columns]

    def views(rows: NDArray[np.int64]) -> list[RowView]:
        return viewer.view(rows, [_figure(found, int(row)) for row in rows], columns)

    return ClusterCard(
        chosen.cluster,
        chosen.size,
        chosen.size / len(found.labels),
        color,
        "" if profile.mean is None else viewer.mean_image(profile.mean),
        profile.words,
        profile.columns,
        max((abs(column.score) for column in profile.columns), default=0.0) or 1.0,
        views(chosen.typical),
        views(chosen.doubtful),
    )


def _figure(found: Assignment, row: int) -> str:
    certainty = float(found.certainty[row])
    if found.measure == PROBABILITY and 0.9995 <= certainty < 1:
        return "> 0.999"
    return f"{certainty:.3f}"


def _maps(
    model: Any,
    shown: ShownRows,
    found: Assignment,
    clusters: NDArray[np.int64],
    generator: np.random.Generator,
) -> list[PointMap]:
    rows = sampled_rows(shown, generator)
    taken = shown.take(rows)
    spaces = [("the rows as the model reads them", prepared(model, taken))]
    if hasattr(model, "transform"):
        spaces.append(("the embedding that the model learned", model.transform(taken)))
    return [
        cluster_map(
            title, *coordinates(values, generator), found.labels[rows], clusters, len(shown)
        )
        for title, values in spaces
    ]


def certainty_chart(found: Assignment) -> BarChart:
    """Return the histogram of the rows' certainty."""
    low = 0.0 if found.measure == PROBABILITY else -1.0
    counts, edges = np.histogram(found.certainty, bins=N_BINS, range=(low, 1.0))
    quartiles = np.percentile(found.certainty, [25, 50, 75])
    name = "probability of the row's cluster"
    if found.measure != PROBABILITY:
        name = "separation from the next cluster"
    summary = (
        f"Half of the rows have a {found.measure} above {quartiles[1]:.3f}; the middle half lies "
        f"between {quartiles[0]:.3f} and {quartiles[2]:.3f}."
    )
    return histogram(f"{found.measure} of {len(found.labels):,} rows", counts, edges, name, summary)
