"""Merging by information: closed forms, a naive search, edges."""

import numpy as np
import pytest

from quantal.clustering import merge_by_information
from quantal.errors import DataError, ParameterError


def information(joint):
    outer = np.outer(joint.sum(1), joint.sum(0))
    used = joint > 0
    return (joint[used] * np.log(joint[used] / outer[used])).sum()


def drawn(k, seed):
    joint = np.random.default_rng(seed).gamma(0.3, size=(k, k))
    joint = joint + joint.T
    return joint / joint.sum()


def grouped(joint, groups):
    one_hot = np.eye(groups.max() + 1)[groups]
    return one_hot.T @ joint @ one_hot


def naive(joint, n):
    groups = np.arange(len(joint))
    while groups.max() + 1 > n:
        k = groups.max() + 1
        tried = []
        for a in range(k):
            for b in range(a + 1, k):
                other = np.where(groups == b, a, groups)
                other = np.where(other > b, other - 1, other)
                tried.append((-information(grouped(joint, other)), a, b, other))
        groups = min(tried, key=lambda item: item[:3])[3]
    return groups


@pytest.mark.parametrize("seed", range(25))
def test_every_merge_is_the_one_a_full_search_finds(seed):
    joint = drawn(9, seed)
    for n in (8, 4, 2):
        ours, theirs = merge_by_information(joint, n), naive(joint, n)
        np.testing.assert_allclose(
            information(grouped(joint, ours)), information(grouped(joint, theirs)), atol=1e-12
        )


def test_clusters_that_exchange_their_rows_are_one():
    block = np.array([[0.1, 0.1], [0.1, 0.1]])
    joint = np.zeros((5, 5))
    joint[:2, :2], joint[2:4, 2:4], joint[4, 4] = block, block, 0.2
    assert merge_by_information(joint, 3).tolist() == [0, 0, 1, 1, 2]


def test_merging_all_or_none():
    joint = drawn(6, 0)
    assert sorted(merge_by_information(joint, 6)) == list(range(6))
    assert merge_by_information(joint, 1).tolist() == [0] * 6


def test_groups_are_numbered_by_their_share():
    joint = drawn(12, 3)
    groups = merge_by_information(joint, 4)
    shares = np.bincount(groups, weights=joint.sum(axis=1))
    assert (np.diff(shares) <= 0).all()


def test_clusters_without_rows_are_merged_away_first():
    joint = np.zeros((4, 4))
    joint[:2, :2] = [[0.4, 0.1], [0.1, 0.4]]
    groups = merge_by_information(joint, 2)
    assert groups[0] != groups[1]


@pytest.mark.parametrize("joint", [np.ones((2, 3)) / 6, np.ones((2, 2)), -np.eye(2), np.ones(3)])
def test_what_is_no_joint_is_refused(joint):
    with pytest.raises(DataError, match="joint must be a square matrix of probabilities"):
        merge_by_information(joint, 1)


def test_more_groups_than_clusters_are_refused():
    with pytest.raises(ParameterError, match=r"n_clusters must be an integer in \[1, 3\], got 4"):
        merge_by_information(np.eye(3) / 3, 4)
