"""Labels to a contingency table, and the clustering scores of many tables at once.

Every clustering score here is a function of the table ``table[i, j]`` = number of rows in cluster i
with true class j. Working on tables makes a score and its bootstrap interval the same code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from .label_values import as_labels

Tables = NDArray[np.float64]  # (n_tables, n_clusters, n_classes)


@dataclass(frozen=True)
class Contingency:
    """How often each cluster meets each class, over the rows whose class is known.

    Attributes:
        counts: (n_clusters, n_classes) int64; a cluster that only rows without truth fell into
            has a row of zeros.
        clusters: the predicted labels, ascending, one per row of ``counts``.
        classes: the true labels, ascending, one per column of ``counts``.
        sizes: (n_clusters,) int64 rows per cluster, those without truth included.
        n_without_truth: rows left out of ``counts`` because they have no true label.
    """

    counts: NDArray[np.int64]
    clusters: tuple[Any, ...]
    classes: tuple[Any, ...]
    sizes: NDArray[np.int64]
    n_without_truth: int


def contingency(labels_true: ArrayLike, labels_pred: ArrayLike) -> Contingency:
    """Count cluster against class.

    Args:
        labels_true: (n,) integers or strings. -1, None, nan and "" mean "no true label": such
            rows are excluded and counted.
        labels_pred: (n,) integers or strings, none missing. -1 is a cluster like any other.

    Returns:
        The table with the labels of its rows and columns.

    Raises:
        DataError: for labels that are not one-dimensional, of unequal length, fractional, or
            missing where they may not be.
    """
    true, missing = as_labels(labels_true, "labels_true")
    pred, missing_pred = as_labels(labels_pred, "labels_pred")
    if len(true) != len(pred):
        raise DataError(
            f"labels_true has {len(true)} labels and labels_pred has {len(pred)}; "
            "both must describe the same rows in the same order."
        )
    if missing_pred.any():
        raise DataError(
            f"labels_pred has no value in {missing_pred.sum()} of {len(pred)} rows; "
            "every row must be in a cluster. Drop those rows from both lists first."
        )
    if pred.dtype.kind == "i":
        missing = missing | ((true == -1) if true.dtype.kind == "i" else False)
    elif true.dtype.kind == "i":
        missing = missing | (true == -1)
    if missing.all():
        raise DataError(
            f"labels_true gives no class for any of its {len(true)} rows (-1, None, nan and an "
            "empty string mean 'unknown'); scores need at least one known class."
        )
    clusters, row = np.unique(pred, return_inverse=True)
    classes, column = np.unique(true[~missing], return_inverse=True)
    shape = (len(clusters), len(classes))
    cells = np.bincount(row[~missing] * shape[1] + column, minlength=shape[0] * shape[1])
    return Contingency(
        counts=cells.reshape(shape).astype(np.int64),
        clusters=tuple(clusters.tolist()),
        classes=tuple(classes.tolist()),
        sizes=np.bincount(row, minlength=shape[0]).astype(np.int64),
        n_without_truth=int(missing.sum()),
    )


def accuracies(tables: Tables) -> NDArray[np.float64]:
    """Share of rows on the best one-to-one pairing of clusters with classes, one per table."""
    from scipy.optimize import linear_sum_assignment

    matched = [t[linear_sum_assignment(t, maximize=True)].sum() for t in tables]
    return np.asarray(np.array(matched) / tables.sum(axis=(1, 2)), dtype=np.float64)


def mutual_informations(tables: Tables, average: str) -> NDArray[np.float64]:
    """Normalised mutual information in [0, 1], by the named mean of the two entropies.

    Both partitions trivial counts as agreement (1), one trivial as none (0): scikit-learn's
    convention.
    """
    n = tables.sum(axis=(1, 2))
    h_pred = _entropy(tables.sum(axis=2) / n[:, None])
    h_true = _entropy(tables.sum(axis=1) / n[:, None])
    h_joint = _entropy(tables.reshape(len(tables), -1) / n[:, None])
    information = np.clip(h_pred + h_true - h_joint, 0, np.minimum(h_pred, h_true))
    mean = (h_pred + h_true) / 2 if average == "arithmetic" else np.sqrt(h_pred * h_true)
    score: NDArray[np.float64] = np.zeros_like(mean)
    np.divide(information, mean, out=score, where=mean > 0)
    score[(h_pred <= 0) & (h_true <= 0)] = 1.0
    return score


def _entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy in nats of each row; 0 log 0 = 0."""
    logs = np.zeros_like(p)
    np.log(p, out=logs, where=p > 0)
    entropy: NDArray[np.float64] = np.maximum(-(p * logs).sum(axis=1), 0.0)
    return entropy


def rand_indices(tables: Tables) -> NDArray[np.float64]:
    """Rand index adjusted for chance (Hubert and Arabie 1985), one per table, at most 1."""
    n = tables.sum(axis=(1, 2))
    together = _pairs(tables).sum(axis=(1, 2))
    in_pred = _pairs(tables.sum(axis=2)).sum(axis=1)
    in_true = _pairs(tables.sum(axis=1)).sum(axis=1)
    # Divided first: a single cluster then gives exactly 1, and no product overflows 2^53.
    expected = in_pred * np.divide(in_true, _pairs(n), out=np.zeros_like(n), where=n > 1)
    spread = (in_pred + in_true) / 2 - expected
    # No spread: both partitions put everything together, or everything apart; they agree.
    index: NDArray[np.float64] = np.ones_like(n)
    np.divide(together - expected, spread, out=index, where=spread > 0)
    return index


def _pairs(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return counts * (counts - 1) / 2


def purities(tables: Tables) -> NDArray[np.float64]:
    """Share of rows that belong to the commonest class of their cluster, one per table."""
    return np.asarray(tables.max(axis=2).sum(axis=1) / tables.sum(axis=(1, 2)))
