"""Clusters or codes beside a truth that training never saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from ..errors import DataError
from ..metrics import evaluate_clustering, evaluate_retrieval
from ..metrics.contingency import contingency
from ..metrics.label_values import as_labels
from .pixels import image_uri
from .shown_rows import ShownRows

MOST_IN_TABLE = 20  # clusters or classes; more become a picture
MOST_GALLERY = 20_000  # rows searched by the codes of queries
MOST_QUERIES = 1000


@dataclass(frozen=True, eq=False)
class Confusion:
    """Clusters by classes, paired as the accuracy pairs them.

    Attributes:
        clusters: Names of the rows of ``counts``; those paired first, in the order of classes.
        classes: Names of its columns; those paired first.
        counts: (n_clusters, n_classes) rows with a known class.
        n_paired: Pairs; they stand on the diagonal.
    """

    clusters: list[str]
    classes: list[str]
    counts: NDArray[np.int64]
    n_paired: int

    @property
    def shares(self) -> NDArray[np.float64]:
        """Each row of ``counts`` as shares of its cluster; zeros where it is empty."""
        totals = self.counts.sum(axis=1, keepdims=True)
        return np.asarray(self.counts / np.maximum(totals, 1))

    @property
    def image(self) -> str:
        """The shares as a picture, dark for a large share, where a table would be too wide."""
        if max(self.counts.shape) <= MOST_IN_TABLE:
            return ""
        return image_uri(np.round(255 * (1 - self.shares)).astype(np.uint8), exact=True)


@dataclass(frozen=True)
class TruthFigures:
    """Scores as text.

    Attributes:
        scores: Name, value and 95 % interval of each score; the interval may be empty.
        headline: Name and value of the one to show first.
        note: What was compared, and how.
        confusion: Clusters by classes; None for codes.
    """

    scores: list[tuple[str, str, str]]
    headline: tuple[str, str]
    note: str
    confusion: Confusion | None = None


def require_truth(truth: ArrayLike, n_rows: int) -> NDArray[Any]:
    """Return true labels as an array of one value a row.

    Raises:
        DataError: Another number of labels than rows, or no list of labels.
    """
    values = np.asarray(truth)
    if values.ndim != 1 or len(values) != n_rows:
        raise DataError(
            f"truth must hold one label for each of the {n_rows:,} rows, got an array of shape "
            f"{values.shape}. Both must describe the same rows in the same order."
        )
    return values


def confusion(truth: ArrayLike, labels: ArrayLike) -> Confusion:
    """Count clusters against classes and put the best pairing (Hungarian) on the diagonal.

    Args:
        truth: (n,) integers or strings; rows with -1, None, nan or "" are left out.
        labels: (n,) clusters.

    Raises:
        DataError: The labels cannot be compared.
    """
    table = contingency(truth, labels)
    rows, columns = linear_sum_assignment(table.counts, maximize=True)
    paired = table.counts[rows, columns] > 0
    rows, columns = rows[paired], columns[paired]
    order = np.argsort(columns, kind="stable")  # classes stay in their own order
    rows, columns = rows[order], columns[order]
    all_rows = np.concatenate([rows, np.setdiff1d(np.arange(len(table.clusters)), rows)])
    all_columns = np.concatenate([columns, np.setdiff1d(np.arange(len(table.classes)), columns)])
    return Confusion(
        [str(table.clusters[i]) for i in all_rows],
        [str(table.classes[j]) for j in all_columns],
        table.counts[np.ix_(all_rows, all_columns)],
        len(rows),
    )


def cluster_truth(truth: NDArray[Any], labels: NDArray[np.int32]) -> TruthFigures:
    """Return every clustering score and the matched confusion matrix.

    Args:
        truth: (n,) true labels.
        labels: (n,) clusters.
    """
    scores = evaluate_clustering(truth, labels)
    note = (
        f"{scores.n_rows:,} rows with a true label, {len(scores.cluster_sizes)} clusters, "
        f"{scores.n_classes} classes."
    )
    if scores.n_without_truth:
        note += f" {scores.n_without_truth:,} rows without a true label are left out."
    return TruthFigures(
        scores.rows(), ("accuracy", f"{scores.accuracy:.3f}"), note, confusion(truth, labels)
    )


def code_truth(
    truth: NDArray[Any],
    model: Any,
    shown: ShownRows,
    was_seen: bool,
    generator: np.random.Generator,
) -> TruthFigures:
    """Search by the codes of some rows among others, and score what is of the query's class.

    Args:
        truth: (n,) true labels.
        model: a fitted hasher.
        shown: the rows.
        was_seen: whether the model was fitted on them.
        generator: draws the queries, and the gallery where rows are many.

    Raises:
        DataError: Fewer than two rows have a class.
    """
    classes, is_missing = as_labels(truth, "truth")
    if classes.dtype.kind == "i":
        is_missing = is_missing | (classes == -1)
    known = np.flatnonzero(~is_missing)
    if len(known) < 2:
        raise DataError(
            f"truth names a class for {len(known)} rows; at least 2 are needed to search one with "
            "another. Check that it is the right file."
        )
    drawn = generator.permutation(known)[: MOST_GALLERY + MOST_QUERIES]
    n_queries = max(1, min(MOST_QUERIES, len(drawn) // 10))
    queries, gallery = np.sort(drawn[:n_queries]), np.sort(drawn[n_queries:])
    n_bits = int(model.n_bits)
    scores = evaluate_retrieval(
        model.encode(shown.take(gallery)),
        model.encode(shown.take(queries)),
        classes[gallery],
        classes[queries],
        n_bits,
        n_retrieved=min(500, len(gallery)),
        radius=min(2, n_bits),
    )
    note = f"{len(queries):,} random rows search {len(gallery):,} others by their codes."
    if was_seen:
        note += " The model was fitted on these rows; rows that it has not seen may score lower."
    return TruthFigures(scores.rows(), ("mAP", f"{scores.map:.3f}"), note)
