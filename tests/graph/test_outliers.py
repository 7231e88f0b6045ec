"""A few outliers do not take the place of clusters."""

from __future__ import annotations

import numpy as np
import pytest

from quantal.errors import ParameterError
from quantal.graph import (
    MergeTree,
    affinity_graph,
    agglomerate,
    cut_joining_outliers,
    initial_clusters,
)

# First clusters 0 and 1 of 40 rows each, 2 of 30 rows, 3 of one row; merged: 0-1, 01-2, 012-3.
LABELS = np.repeat([0, 1, 2, 3], [40, 40, 30, 1])
PAIRS = np.array([[0, 1], [0, 2], [0, 3]])
TREE = MergeTree(LABELS, PAIRS, np.array([3.0, 2.0, 1.0]), np.array([80, 110, 111]))
ROWS = np.array([[0.0], [1.0], [10.0], [9.0]])[LABELS]


def test_the_tree_is_cut_higher_and_the_outlier_joins_the_nearest_mean():
    labels = cut_joining_outliers(TREE, 2, ROWS, n_neighbors=5)
    assert np.bincount(labels).tolist() == [80, 31]
    assert labels[-1] == labels[80]  # 9 is nearer to 10 than to the others
    assert np.bincount(cut_joining_outliers(TREE, 3, ROWS, 5)).tolist() == [40, 40, 31]


def test_a_cluster_of_more_rows_than_neighbours_counts():
    labels = np.repeat([0, 1, 2, 3], [40, 40, 30, 4])
    tree = MergeTree(labels, PAIRS, TREE.scores, np.array([80, 110, 114]))
    rows = np.array([[0.0], [1.0], [10.0], [9.0]])[labels]
    assert np.bincount(cut_joining_outliers(tree, 2, rows, 3)).tolist() == [110, 4]
    assert np.bincount(cut_joining_outliers(tree, 2, rows, 4)).tolist() == [80, 34]


def test_without_outliers_the_cut_is_the_trees():
    for count in (1, 2):
        expected = TREE.cut(count) if count == 1 else None
        labels = cut_joining_outliers(TREE, count, ROWS, 5)
        assert len(np.unique(labels)) == count
        assert expected is None or np.array_equal(labels, expected)


def test_where_there_are_too_few_others_the_cut_is_the_trees():
    assert np.array_equal(cut_joining_outliers(TREE, 4, ROWS, 5), TREE.cut(4))


def test_a_number_that_the_tree_never_had_is_refused():
    with pytest.raises(ParameterError, match="cannot be cut at n_clusters=9"):
        cut_joining_outliers(TREE, 9, ROWS, 5)


def test_outliers_no_longer_take_the_place_of_a_cluster():
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [7.0, 0.0], [0.0, 7.0]])
    x = np.concatenate([c + rng.normal(size=(80, 2)) for c in centres] + [[[40, 40], [41, 40.0]]])
    weights = affinity_graph(x, 10, unit_rows=False).weights
    first = initial_clusters(affinity_graph(x, 1, unit_rows=False).neighbors)
    tree = agglomerate(weights, first, 3, on_exhausted="centroid", rows=x)
    assert np.bincount(tree.cut(3)).min() == 2
    assert np.bincount(cut_joining_outliers(tree, 3, x, 10)).min() >= 75


def test_the_cut_is_the_lowest_with_so_many_clusters_of_more_than_outliers():
    rng = np.random.default_rng(3)
    for _ in range(40):
        labels = np.repeat(np.arange(30), rng.integers(1, 12, size=30))
        alive, pairs = list(range(30)), []
        while len(alive) > 2:
            a, b = sorted(rng.choice(len(alive), 2, replace=False))
            pairs.append((alive[a], alive.pop(b)))
        tree = MergeTree(labels, np.array(pairs), np.ones(28), np.ones(28, np.int64))
        rows, wanted = rng.normal(size=(len(labels), 2)), 3
        most = min(4, 0.1 * len(labels) / wanted)
        large = [k for k in range(3, 31) if (np.bincount(tree.cut(k)) > most).sum() == wanted]
        found = cut_joining_outliers(tree, wanted, rows, 4)
        expected = tree.cut(large[0] if large else wanted)
        kept = np.bincount(expected) > most if large else np.ones(wanted, bool)
        assert len(np.unique(found)) == wanted
        for cluster in np.flatnonzero(kept):  # what counts stays together
            assert len(np.unique(found[expected == cluster])) == 1
