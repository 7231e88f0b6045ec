from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from quantal.graph.centroid_pairs import CentroidPairs


def brute_force(X, labels):
    """Pairs of the nearest means, merge after merge, by all distances."""
    labels, merges = labels.copy(), []
    while len(np.unique(labels)) > 1:
        names = np.unique(labels)
        means = np.stack([X[labels == c].mean(axis=0) for c in names])
        distances = ((means[:, None] - means) ** 2).sum(-1)
        distances[np.tril_indices(len(names))] = np.inf
        a, b = np.unravel_index(np.argmin(distances), distances.shape)
        merges.append((int(names[a]), int(names[b])))
        labels[labels == names[b]] = names[a]
    return merges


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_pairs_are_those_of_a_full_search(form):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(90, 3))
        labels = np.concatenate([np.arange(30), rng.integers(0, 30, 60)])
        pairs, found = CentroidPairs(form(X), labels), []
        for _ in range(29):
            found.append(pairs.closest())
            pairs.merge(*found[-1])
        assert found == brute_force(X, labels)
