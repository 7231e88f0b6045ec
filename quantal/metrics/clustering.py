"""Single clustering scores: labels in, one number out."""

from __future__ import annotations

from typing import Any, Literal

from numpy.typing import ArrayLike

from ..errors import require_choice
from .contingency import (
    Tables,
    accuracies,
    contingency,
    mutual_informations,
    purities,
    rand_indices,
)


def clustering_accuracy(labels_true: ArrayLike, labels_pred: ArrayLike) -> float:
    """Accuracy under the best one-to-one pairing of clusters with classes.

    With more clusters than classes (or fewer) the pairing covers the smaller side and the rows of
    unpaired clusters count as wrong; so the value can be less than the largest class's share.

    Args:
        labels_true: (n,) integers or strings; rows with -1, None, nan or "" have no truth and
            are left out.
        labels_pred: (n,) integers or strings.

    Returns:
        Matched rows / rows with truth, in (0, 1]; larger is better.

    Raises:
        DataError: if the labels cannot be compared; the message says why.

    Source: Hu et al. 2017, arXiv:1702.08720, Eq. 16; pairing by the Hungarian method (SciPy).

    Examples:
        >>> clustering_accuracy([0, 0, 1, 1], [1, 1, 0, 1])
        0.75
    """
    return float(accuracies(_table(labels_true, labels_pred))[0])


def match_labels(labels_true: ArrayLike, labels_pred: ArrayLike) -> dict[Any, Any]:
    """The pairing behind `clustering_accuracy`, cluster to class.

    Args:
        labels_true: (n,) integers or strings, missing ones left out.
        labels_pred: (n,) integers or strings.

    Returns:
        ``{cluster: class}``. Clusters without a partner (more clusters than classes) and pairs
        that no row supports are absent.

    Raises:
        DataError: if the labels cannot be compared.
    """
    from scipy.optimize import linear_sum_assignment

    table = contingency(labels_true, labels_pred)
    pairs = zip(*linear_sum_assignment(table.counts, maximize=True), strict=True)
    return {table.clusters[i]: table.classes[j] for i, j in pairs if table.counts[i, j] > 0}


def normalized_mutual_information(
    labels_true: ArrayLike,
    labels_pred: ArrayLike,
    *,
    average: Literal["arithmetic", "geometric"] = "arithmetic",
) -> float:
    """Mutual information of clusters and classes over the mean of their entropies.

    Papers differ in the mean and rarely say which; name it beside the number.

    Args:
        labels_true: (n,) integers or strings, missing ones left out.
        labels_pred: (n,) integers or strings.
        average: the mean of the two entropies: "arithmetic" or "geometric".

    Returns:
        A number in [0, 1]; 1 if both partitions are one single group, 0 if only one is.

    Raises:
        DataError: if the labels cannot be compared.
        ParameterError: for another ``average``.

    Source: Strehl and Ghosh 2002 (geometric); Vinh et al. 2010 (both).
    """
    require_choice("average", average, ("arithmetic", "geometric"))
    return float(mutual_informations(_table(labels_true, labels_pred), average)[0])


def adjusted_rand_index(labels_true: ArrayLike, labels_pred: ArrayLike) -> float:
    """Agreement over pairs of rows, 0 in expectation for random labels, at most 1.

    Args:
        labels_true: (n,) integers or strings, missing ones left out.
        labels_pred: (n,) integers or strings.

    Returns:
        A number in [-0.5, 1].

    Raises:
        DataError: if the labels cannot be compared.

    Source: Hubert and Arabie 1985.
    """
    return float(rand_indices(_table(labels_true, labels_pred))[0])


def purity(labels_true: ArrayLike, labels_pred: ArrayLike) -> float:
    """Share of rows that belong to the commonest class of their cluster.

    It grows with the number of clusters (singletons reach 1), so compare it only at equal numbers.

    Args:
        labels_true: (n,) integers or strings, missing ones left out.
        labels_pred: (n,) integers or strings.

    Returns:
        A number in (0, 1].

    Raises:
        DataError: if the labels cannot be compared.
    """
    return float(purities(_table(labels_true, labels_pred))[0])


def _table(labels_true: ArrayLike, labels_pred: ArrayLike) -> Tables:
    return contingency(labels_true, labels_pred).counts[None].astype(float)
