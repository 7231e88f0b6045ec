"""Merging clusters so that the least information between a row's and its copy's is lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, require_range

TOLERANCE = 1e-5


def merge_by_information(joint: NDArray[np.floating], n_clusters: int) -> NDArray[np.int64]:
    """Merge clusters pair by pair until so many are left, each time at the least loss of I(Y;Y~).

    Two clusters between which rows and their copies go to and fro are one: telling them apart
    says little of the copy. The loss of a merge is what the information of the merged joint
    lacks, over all pairs still apart; nothing is trained and no row is looked at.

    Args:
        joint: joint probabilities of the two labels, shape (k, k), which sum to 1; see
            `quantal.objectives.joint_assignment`.
        n_clusters: groups wanted, 1 to k.

    Returns:
        Group of every cluster, shape (k,), int64; group 0 is the likeliest.

    Raises:
        DataError: ``joint`` is not a square matrix of probabilities.
        ParameterError: ``n_clusters`` is out of its range.

    Source: the agglomerative information bottleneck of Slonim and Tishby 1999, with I(Y;Y~) of
    Ji, Henriques, Vedaldi 2019 as the information.
    """
    shared = np.asarray(joint, dtype=np.float64)
    _require_joint(shared)
    k = len(shared)
    require_range("n_clusters", n_clusters, low=1, high=k, integer=True)
    shared = (shared + shared.T) / 2
    members = [[number] for number in range(k)]
    while len(shared) > n_clusters:
        first, second = _cheapest(shared)
        for axis in (0, 1):
            shared = _joined(shared, first, second, axis)
        members[first] += members.pop(second)
    group = np.empty(k, np.int64)
    for rank, place in enumerate(np.argsort(-shared.sum(axis=1), kind="stable")):
        group[members[place]] = rank
    return group


def _require_joint(joint: NDArray[np.float64]) -> None:
    square = joint.ndim == 2 and joint.shape[0] == joint.shape[1] and joint.size > 0
    if not square or not (joint >= 0).all() or abs(joint.sum() - 1) > TOLERANCE:
        raise DataError(
            f"joint must be a square matrix of probabilities that sum to 1, got shape "
            f"{joint.shape} with sum {joint.sum():g}."
        )


def _joined(joint: NDArray[np.float64], first: int, second: int, axis: int) -> NDArray[np.float64]:
    """Add the later of two rows or columns to the earlier and drop it."""
    out = np.delete(joint, second, axis=axis)
    index: list[slice | int] = [slice(None), slice(None)]
    index[axis] = first
    out[tuple(index)] += np.take(joint, second, axis=axis)
    return out


def _cheapest(joint: NDArray[np.float64]) -> tuple[int, int]:
    """Return the pair, the earlier first, whose merge loses the least information.

    Only the entries of the two rows and columns change, so each loss is a sum over k entries.
    """
    k = len(joint)
    marginal = joint.sum(axis=1)
    terms = _plogp(joint)  # (k, k)
    rows, single = terms.sum(axis=1), _plogp(marginal)
    first, second = np.triu_indices(k, 1)
    merged_rows = _plogp(joint[first] + joint[second]).sum(axis=1)  # (pairs,)
    # Entries of the merged rows that lie in the merged columns are counted as one below.
    inside = joint[first, first] + joint[second, second] + 2 * joint[first, second]
    crossed = _plogp(joint[first, first] + joint[second, first]) + _plogp(
        joint[first, second] + joint[second, second]
    )
    corner = terms[first, first] + terms[second, second] + 2 * terms[first, second]
    before = 2 * (rows[first] + rows[second]) - corner
    after = 2 * (merged_rows - crossed) + _plogp(inside)
    marginals = 2 * (_plogp(marginal[first] + marginal[second]) - single[first] - single[second])
    loss = before - after + marginals
    best = int(np.argmin(loss))
    return int(first[best]), int(second[best])


def _plogp(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return p * np.log(np.where(p > 0, p, 1.0))
