"""What sets a cluster apart: its most distinctive columns, its strongest words, its mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..errors import DataError
from ..features.tfidf import TfIdf
from .assignment import MOST_A_CLUSTER, rows_by_cluster
from .row_views import pictures_at
from .shown_rows import ShownRows

MOST_ROWS = 20_000  # behind the mean and the deviation of all rows
MOST_VALUES = 16 << 20  # numbers taken at once, 128 MB
N_COLUMNS = 6
N_WORDS = 10


@dataclass(frozen=True)
class ColumnFigure:
    """One column in one cluster.

    Attributes:
        index: Number of the column.
        name: Its name.
        mean: Mean over the cluster.
        overall: Mean over all rows.
        score: Their difference in standard deviations of all rows.
    """

    index: int
    name: str
    mean: float
    overall: float
    score: float


@dataclass(frozen=True, eq=False)
class Profile:
    """What sets a cluster apart.

    Attributes:
        columns: The most distinctive columns, the most distinctive first; for vectors.
        words: The words whose weight is the highest above that in all rows; for text.
        mean: The mean of its pictures, shape (h, w) or (h, w, 3); for images.
    """

    columns: list[ColumnFigure]
    words: list[str]
    mean: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class Profiles:
    """Profiles by cluster, and how many rows are behind them.

    Attributes:
        of: Cluster -> profile.
        n_rows: Rows behind the mean of all.
        most_a_cluster: Rows behind that of a cluster, at most.
    """

    of: dict[int, Profile]
    n_rows: int
    most_a_cluster: int


def profiles(
    shown: ShownRows,
    labels: NDArray[np.int32],
    clusters: NDArray[np.int64],
    generator: np.random.Generator,
) -> Profiles:
    """Compare the means of clusters with that of all rows.

    All rows count where there are few; else 20,000 of all and 1,000 of a cluster, drawn at random,
    fewer where rows are long.

    Args:
        shown: the rows.
        labels: (n,) clusters.
        clusters: which clusters.
        generator: draws the rows.
    """
    n, k = len(shown), int(labels.max()) + 1
    room = max(1, MOST_VALUES // _row_size(shown))
    all_rows = np.arange(n)
    if n > min(MOST_ROWS, room):
        all_rows = np.sort(generator.choice(n, min(MOST_ROWS, room), replace=False))
    most = min(MOST_A_CLUSTER, room)
    if len(all_rows) == n:
        most = n  # all are read anyway
    chosen = rows_by_cluster(labels, k, most, generator)
    if shown.kind == "text" and (shown.column_names is None):
        of = _words_of_texts(shown, all_rows, {c: chosen[c] for c in clusters.tolist()})
        return Profiles(of, len(all_rows), most)
    if shown.kind == "images":
        means = {c: pictures_at(shown, chosen[c]).mean(axis=0) for c in clusters.tolist()}
        return Profiles({c: Profile([], [], m) for c, m in means.items()}, len(all_rows), most)
    overall, deviation = _mean_and_deviation(shown.take(all_rows))
    of = {}
    for cluster in clusters.tolist():
        mean = _mean_and_deviation(shown.take(chosen[cluster]))[0]
        of[cluster] = _profile(shown, mean, overall, deviation)
    return Profiles(of, len(all_rows), most)


def _row_size(shown: ShownRows) -> int:
    pixels = 1 if shown.pictures is None else int(np.prod(shown.pictures.shape[1:]))
    return max(pixels, shown.dataset.n_features)


def _profile(
    shown: ShownRows,
    mean: NDArray[np.float64],
    overall: NDArray[np.float64],
    deviation: NDArray[np.float64],
) -> Profile:
    if shown.kind == "text":
        return Profile([], strongest(mean - overall, shown.column_names or ()), None)
    # A deviation that is rounding tells nothing.
    floor = 1e-9 * np.maximum(np.abs(overall), 1e-300)
    scores = np.divide(mean - overall, deviation, out=np.zeros_like(mean), where=deviation > floor)
    order = np.argsort(-np.abs(scores), kind="stable")[:N_COLUMNS]
    names = shown.column_names or tuple(f"column {i}" for i in range(len(mean)))
    figures = [
        ColumnFigure(int(i), names[i], float(mean[i]), float(overall[i]), float(scores[i]))
        for i in order.tolist()
    ]
    return Profile(figures, [], None)


def strongest(excess: NDArray[np.float64], words: Sequence[str]) -> list[str]:
    """Return the words whose weight exceeds that in all rows most; none that falls short.

    Args:
        excess: (d,) mean weight in the cluster less that in all rows.
        words: d words.
    """
    order = np.argsort(-excess, kind="stable")[:N_WORDS]
    return [words[i] for i in order.tolist() if excess[i] > 0]


def _mean_and_deviation(rows: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of every column, dense or sparse."""
    if not sp.issparse(rows):
        return rows.mean(axis=0), rows.std(axis=0)
    mean = np.asarray(rows.mean(axis=0, dtype=np.float64)).ravel()
    square = np.asarray(rows.multiply(rows).mean(axis=0, dtype=np.float64)).ravel()
    return mean, np.sqrt(np.maximum(square - mean**2, 0))


def _words_of_texts(
    shown: ShownRows, all_rows: NDArray[np.int64], chosen: dict[int, NDArray[np.int64]]
) -> dict[int, Profile]:
    """Weigh the words of texts whose rows are the numbers of an encoder."""
    texts = shown.dataset.texts or ()
    try:
        counter = TfIdf()
        overall = _mean_and_deviation(counter.fit_transform([texts[i] for i in all_rows]))[0]
    except DataError:  # no word but stop words
        return {cluster: Profile([], [], None) for cluster in chosen}
    found = {}
    for cluster, rows in chosen.items():
        mean = _mean_and_deviation(counter.transform([texts[i] for i in rows]))[0]
        found[cluster] = Profile([], strongest(mean - overall, counter.words_), None)
    return found
