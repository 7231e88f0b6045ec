"""Clusters without affinity join the nearest mean before anything is merged."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from quantal.graph import affinity_graph, agglomerate, initial_clusters, join_isolated


def graph(n, edges):
    rows, columns = zip(*edges, strict=True)
    return sparse.csr_array((np.ones(len(edges)), (rows, columns)), shape=(n, n))


def test_a_cluster_that_only_points_is_joined_to_the_nearest_mean():
    # 0-1 and 2-3 are clusters linked both ways by 1 and 2; 4-5 points at 3, and nothing back.
    weights = graph(6, [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2), (4, 5), (5, 4), (4, 3)])
    labels = np.array([0, 0, 1, 1, 2, 2])
    rows = np.array([[0.0], [1.0], [5.0], [6.0], [3.4], [3.6]])
    assert join_isolated(weights, labels, rows).tolist() == [0, 0, 1, 1, 1, 1]
    assert join_isolated(weights, labels, rows - 2 * rows[4]).tolist() == [0, 0, 1, 1, 1, 1]
    near_zero = np.array([[0.0], [1.0], [5.0], [6.0], [0.4], [0.6]])
    assert join_isolated(weights, labels, near_zero).tolist() == [0, 0, 1, 1, 0, 0]


def test_linked_clusters_stay_as_they_are():
    weights = graph(4, [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)])
    labels = np.array([0, 0, 1, 1])
    assert join_isolated(weights, labels, np.eye(4)).tolist() == [0, 0, 1, 1]


def test_nothing_is_joined_where_too_few_would_be_left():
    weights = graph(4, [(0, 1), (1, 0), (2, 3), (3, 2)])
    labels = np.array([0, 0, 1, 1])
    assert join_isolated(weights, labels, np.eye(4), least=2).tolist() == [0, 0, 1, 1]


def test_outliers_no_longer_take_the_place_of_a_cluster():
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [7.0, 0.0], [0.0, 7.0]])
    x = np.concatenate([c + rng.normal(size=(80, 2)) for c in centres] + [[[40, 40], [41, 40.0]]])
    weights = affinity_graph(x, 10, unit_rows=False).weights
    first = initial_clusters(affinity_graph(x, 1, unit_rows=False).neighbors)
    plain = agglomerate(weights, first, 3, on_exhausted="centroid", rows=x).cut(3)
    joined = join_isolated(weights, first, x, least=3)
    ours = agglomerate(weights, joined, 3, on_exhausted="centroid", rows=x).cut(3)
    assert np.bincount(plain).min() == 2
    assert np.bincount(ours).min() >= 75
