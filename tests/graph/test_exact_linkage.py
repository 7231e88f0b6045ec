"""Path integrals and zeta functions: dense solves, their definition, and their first order."""

from __future__ import annotations

import numpy as np
import pytest
from dense_agglomeration import random_case
from scipy import sparse

from quantal.errors import ParameterError
from quantal.graph import agglomerate, agglomerate_exactly, random_walk
from quantal.graph.exact_linkage import _path_gain, _zeta_gain

LEADING = {"path": {}, "zeta": {"linkage": "cycle"}}


def with_diagonal(walk):
    P = walk.toarray()
    np.fill_diagonal(P, 1 - P.sum(axis=1))
    return P


def path_integral(P, rows, among, z):
    """S of the rows, over paths within ``among``."""
    inverse = np.linalg.inv(np.eye(len(among)) - z * P[np.ix_(among, among)])
    one = np.isin(among, rows).astype(float)
    return one @ inverse @ one / len(rows) ** 2


def zeta_function(P, rows, among, z):
    inverse = np.linalg.inv(np.eye(len(among)) - z * P[np.ix_(among, among)])
    return np.log(inverse.diagonal()[np.isin(among, rows)]).mean()


@pytest.mark.parametrize(
    ("gain", "worth"), [(_path_gain, path_integral), (_zeta_gain, zeta_function)]
)
def test_increments_are_those_of_the_definition(gain, worth):
    _, graph, labels = random_case(5)
    P = with_diagonal(random_walk(graph.weights))
    for c in range(0, labels.max() - 1, 3):
        a, b = np.flatnonzero(labels == c), np.flatnonzero(labels == c + 1)
        union, z = np.union1d(a, b), 0.3
        expected = sum(worth(P, s, union, z) - worth(P, s, s, z) for s in (a, b))
        assert gain(P, a, b, z) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("measure", LEADING)
def test_the_first_order_merges_like_the_dense_solves(measure):
    same = 0
    for seed in range(10):
        _, graph, labels = random_case(seed, n=70)
        walk = random_walk(graph.weights)
        exact = agglomerate_exactly(walk, labels, 5, measure=measure)
        leading = agglomerate(walk, labels, 5, **LEADING[measure])
        same += np.array_equal(exact.cut(exact.n_final), leading.cut(leading.n_final))
        np.testing.assert_allclose(exact.scores[:5], 1e-4 * leading.scores[:5], rtol=0.1)
    assert same >= 9  # near ties may fall to either side


@pytest.mark.parametrize("measure", LEADING)
def test_the_first_order_is_the_limit_of_small_steps(measure):
    _, graph, labels = random_case(1)
    walk = random_walk(graph.weights)
    exact = agglomerate_exactly(walk, labels, 5, measure=measure, z=1e-6)
    leading = agglomerate(walk, labels, 5, **LEADING[measure])
    np.testing.assert_array_equal(exact.pairs, leading.pairs)
    np.testing.assert_allclose(exact.scores, 1e-12 * leading.scores, rtol=1e-4)


def test_dense_solves_see_detours_that_the_first_order_does_not():
    # Two clusters of two rows: a way leads from 0 to 2, on to 3, back to 1, and on to 0.
    walk = sparse.csr_array(([0.4] * 4, ([0, 2, 3, 1], [2, 3, 1, 0])), shape=(4, 4))
    assert agglomerate(walk, [0, 0, 1, 1], 1).n_final == 2
    assert agglomerate_exactly(walk, [0, 0, 1, 1], 1, measure="path").n_final == 1


@pytest.mark.parametrize("on_exhausted", ["centroid", "grow_ks"])
def test_exhausted_graphs_follow_the_same_rules(on_exhausted):
    X = np.repeat([[0.0], [10.0], [11.0]], 4, axis=0) + 0.01 * np.arange(12)[:, None]
    ring = sparse.csr_array(np.kron(np.eye(3), np.ones((4, 4)) - np.eye(4)) / 5)
    full = sparse.csr_array((np.ones((12, 12)) - np.eye(12)) / 20)
    tree = agglomerate_exactly(
        ring, np.arange(12), 2, measure="zeta", on_exhausted=on_exhausted, rows=X,
        regrow=lambda k: full,
    )  # fmt: skip
    assert tree.n_final == 2
    if on_exhausted == "centroid":
        assert tree.cut(2).tolist() == [0] * 4 + [1] * 8


def test_wrong_measures_and_too_many_rows_are_refused():
    walk = sparse.csr_array((3001, 3001))
    with pytest.raises(ParameterError, match=r"at most 3,000 rows, got 3,001. Take the leading"):
        agglomerate_exactly(walk, np.arange(3001), 1, measure="path")
    with pytest.raises(ParameterError, match="measure must be one of 'path', 'zeta', got 'pat'"):
        agglomerate_exactly(walk, np.arange(3001), 1, measure="pat")
    with pytest.raises(ParameterError, match=r"z must be a number in \(0, 0.999\], got 1"):
        agglomerate_exactly(walk, np.arange(3001), 1, measure="path", z=1)
