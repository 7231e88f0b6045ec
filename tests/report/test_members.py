from __future__ import annotations

import numpy as np

from quantal.report.assignment import Assignment
from quantal.report.members import members, shown_clusters


def assignment(labels, certainty, rank=None):
    certainty = np.asarray(certainty, np.float32)
    rank = certainty if rank is None else np.asarray(rank, np.float32)
    k = max(labels) + 1
    marginal = np.full(k, 1 / k)
    return Assignment(np.array(labels, np.int32), certainty, rank, "probability", k, 0.0, marginal)


def test_members_are_the_most_and_the_least_certain_and_none_is_shown_twice():
    found = assignment([0, 0, 0, 0, 1, 1], [0.9, 0.5, 0.7, 0.6, 0.8, 1.0])
    first, second = members(found, np.array([0, 1]), 2, 2)
    assert first.typical.tolist() == [0, 2]
    assert first.doubtful.tolist() == [1, 3]
    assert (second.typical.tolist(), second.doubtful.tolist()) == ([5, 4], [])
    assert (first.size, second.size) == (4, 2)


def test_rows_of_one_probability_are_ordered_by_the_ratio_then_by_row():
    found = assignment([0] * 4, [1, 1, 1, 1], [5.0, 9.0, 9.0, 7.0])
    assert members(found, np.array([0]), 4, 0)[0].typical.tolist() == [1, 2, 3, 0]


def test_the_largest_clusters_are_shown_in_their_order_and_empty_ones_are_not():
    assert shown_clusters(np.array([3, 0, 9, 1, 4]), most=3).tolist() == [0, 2, 4]
    assert shown_clusters(np.array([0, 0, 2])).tolist() == [2]
