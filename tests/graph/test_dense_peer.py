"""The dense peer of the benchmarks gives what the engine and the plain definition give."""

from __future__ import annotations

import numpy as np
import pytest
from dense_agglomeration import random_case
from sklearn.datasets import load_digits
from sklearn.metrics import adjusted_rand_score

from benchmarks.peers.dense_linkage import DenseGraphDegreeLinkage, dense_merges
from quantal.clustering import GraphDegreeLinkage
from quantal.graph import agglomerate


@pytest.mark.parametrize("alpha", [None, 0.0, 0.1, -0.2])
def test_its_merges_are_those_of_the_engine(alpha):
    update = {} if alpha is None else {"update": "alpha", "alpha": alpha}
    for seed in range(10):
        _, graph, labels = random_case(seed)
        dense = dense_merges(graph.weights.toarray(), labels, 4, alpha)
        np.testing.assert_array_equal(dense, agglomerate(graph.weights, labels, 4, **update).cut(4))


def test_the_estimator_gives_the_clusters_of_graph_degree_linkage():
    x = load_digits().data[:400]
    settings = {"n_clusters": 10, "centered": True, "unit_rows": True}
    dense = DenseGraphDegreeLinkage(**settings).fit(x).labels_
    assert adjusted_rand_score(dense, GraphDegreeLinkage(**settings).fit(x).labels_) == 1.0
