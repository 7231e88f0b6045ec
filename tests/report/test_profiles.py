from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from quantal.clustering import GraphDegreeLinkage
from quantal.report.profiles import profiles, strongest
from quantal.report.shown_rows import ShownRows, shown_rows


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.fixture
def rows():
    X = np.zeros((8, 4))
    X[:4, 1], X[4:, 1] = 2.0, -2.0
    X[:, 2] = [1, 2, 3, 4, 1, 2, 3, 4]
    X[:, 3] = 7.0
    return X


def shown_of(X, **model):
    fitted = GraphDegreeLinkage(2, n_neighbors=2).fit(np.random.default_rng(0).normal(size=X.shape))
    return shown_rows(fitted, X)


def test_distinctive_columns_are_those_of_the_largest_difference_in_deviations(rows, generator):
    labels = np.repeat([0, 1], 4).astype(np.int32)
    found = profiles(shown_of(rows), labels, np.array([0, 1]), generator)
    best = found.of[0].columns[0]
    assert (best.name, best.mean, best.overall, best.score) == ("column 1", 2.0, 0.0, 1.0)
    assert found.of[1].columns[0].score == -1.0
    assert [c.score for c in found.of[0].columns[1:]] == [0.0, 0.0, 0.0]  # constant ones too
    assert found.n_rows == 8


def test_sparse_and_dense_rows_have_one_profile(rows, generator):
    labels = np.repeat([0, 1], 4).astype(np.int32)
    dense = shown_of(rows)
    sparse = ShownRows(type(dense.dataset)(sp.csr_array(rows), "s", "vectors"))
    found = [profiles(s, labels, np.array([0]), generator).of[0].columns for s in (dense, sparse)]
    assert found[0] == found[1]


def test_many_rows_are_sampled_and_the_sample_is_named(generator, monkeypatch, rows):
    monkeypatch.setattr("quantal.report.profiles.MOST_ROWS", 5)
    monkeypatch.setattr("quantal.report.profiles.MOST_A_CLUSTER", 2)
    labels = np.repeat([0, 1], 4).astype(np.int32)
    found = profiles(shown_of(rows), labels, np.array([0, 1]), generator)
    assert (found.n_rows, found.most_a_cluster) == (5, 2)
    [column] = [c for c in found.of[0].columns if c.index == 1]
    assert column.mean == 2.0


def test_words_are_those_above_the_mean_of_all():
    assert strongest(np.array([0.1, -0.2, 0.5, 0.0]), ["a", "b", "c", "d"]) == ["c", "a"]
