from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.errors import DataError, ParameterError
from quantal.graph import initial_clusters, nearest_neighbors


def chased(nearest, longest):
    """The loop of the two codes, row by row."""
    labels, n_clusters = [None] * len(nearest), 0
    for start in range(len(nearest)):
        chain, row = [], start
        while labels[row] is None and row not in chain and len(chain) <= longest:
            chain.append(row)
            row = nearest[row]
        if labels[row] is None:
            labels[row], n_clusters = n_clusters, n_clusters + 1
        for member in chain:
            labels[member] = labels[row]
    return np.array(labels)


def test_rows_join_their_nearest_and_clusters_are_numbered_by_first_row():
    assert initial_clusters([4, 2, 1, 2, 0]).tolist() == [0, 1, 1, 1, 0]


def test_pointer_chasing_gives_the_same_components():
    for seed in range(30):
        X = np.random.default_rng(seed).normal(size=(150, 1 + seed % 5))
        _, neighbors = nearest_neighbors(X, 2, n_threads=1)
        labels = initial_clusters(neighbors)
        np.testing.assert_array_equal(labels, chased(neighbors[:, 0].tolist(), 10**9))
        mutual = neighbors[neighbors[:, 0], 0] == np.arange(150)
        assert labels.max() + 1 == mutual.sum() / 2


def test_digits_give_about_four_rows_a_cluster():
    _, neighbors = nearest_neighbors(load_digits().data, 1)
    assert 3 < 1797 / (initial_clusters(neighbors).max() + 1) < 6


@pytest.mark.parametrize("longest", [1, 3, 50])
def test_long_chains_are_cut_as_the_loop_cuts_them(longest):
    for seed in range(10):
        X = np.random.default_rng(seed).normal(size=(200, 2))
        nearest = nearest_neighbors(X, 1, n_threads=1)[1][:, 0]
        expected = chased(nearest.tolist(), longest)
        found = initial_clusters(nearest, longest_chain=longest)
        pairs = np.unique(np.stack([found, expected], axis=1), axis=0)
        assert len(pairs) == found.max() + 1 == expected.max() + 1


@pytest.mark.parametrize(("n", "n_clusters"), [(51, 1), (53, 1), (54, 2), (105, 2), (106, 3)])
def test_only_chains_of_more_than_fifty_rows_are_cut(n, n_clusters):
    line = np.append(np.arange(1, n), n - 2)  # every row points at the next, the last two mutually
    assert initial_clusters(line).max() == 0
    assert initial_clusters(line, longest_chain=50).max() + 1 == n_clusters


@pytest.mark.parametrize("bad", [[], [0.5, 1.0], [[]], [0, 9], [-1, 0]])
def test_what_is_no_row_number_is_refused(bad):
    with pytest.raises(DataError, match="row numbers from 0 to n - 1"):
        initial_clusters(bad)


def test_a_row_that_is_its_own_neighbour_is_refused():
    with pytest.raises(DataError, match="row 2 as its own nearest neighbour"):
        initial_clusters([1, 0, 2])


def test_a_chain_of_no_length_is_refused():
    with pytest.raises(ParameterError, match=r"longest_chain must be an integer in \[1"):
        initial_clusters([1, 0], longest_chain=0)
