"""The number of clusters that a merge tree speaks for."""

from __future__ import annotations

import numpy as np
import pytest

from quantal.clustering.natural_number import natural_number
from quantal.graph import MergeTree, affinity_graph, agglomerate, initial_clusters


def chain(scores):
    """A tree that merges clusters 0 .. n one after the other into cluster 0."""
    n = len(scores)
    pairs = np.stack([np.zeros(n, np.int64), np.arange(1, n + 1)], axis=1)
    return MergeTree(np.arange(n + 1), pairs, np.array(scores), np.arange(2, n + 2))


def test_the_largest_fall_decides():
    # 7 clusters; the fourth merge, from 4 to 3 clusters, has a tenth of the affinity before.
    assert natural_number(chain([9.0, 8.0, 7.0, 0.7, 0.6, 0.5]), most=6) == 4


def test_a_merge_that_scores_higher_than_an_earlier_one_is_no_fall():
    assert natural_number(chain([9.0, 1.0, 8.0, 0.9, 0.01, 0.009]), most=6) == 3


def test_the_number_stays_within_its_bounds():
    assert natural_number(chain([9.0, 0.1, 0.1, 0.1, 0.1]), most=3) <= 3
    assert natural_number(chain([1.0]), most=9) == 2


def test_merges_of_nothing_are_equal():
    assert 2 <= natural_number(chain([1.0, 1e-30, 0.0, 0.0]), most=4) <= 4


@pytest.mark.parametrize("n_groups", [2, 3, 5, 8])
def test_groups_far_apart_are_counted(n_groups):
    rng = np.random.default_rng(n_groups)
    centres = rng.normal(size=(n_groups, 4)) * 50
    x = np.repeat(centres, 60, axis=0) + rng.normal(size=(60 * n_groups, 4))
    graph = affinity_graph(x, 20, unit_rows=False)
    tree = agglomerate(
        graph.weights, initial_clusters(graph.neighbors), 1, on_exhausted="centroid", rows=x
    )
    assert natural_number(tree, most=15) == n_groups
