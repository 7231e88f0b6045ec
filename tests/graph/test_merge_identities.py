"""Equations 2, 3, 6 and 9 of the supplement, as the merges use them."""

from __future__ import annotations

import numpy as np
import pytest
from dense_agglomeration import flows, merged_flows


def three_clusters(seed, sizes=(4, 3, 5)):
    """Weights between m, n and i, and the labels of their rows."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], sizes)
    return rng.random((len(labels), len(labels))), labels


def directed(W, labels, source, target):
    """A(source -> target) of Eq. 1, by submatrices."""
    into = W[np.ix_(labels == target, labels == source)]
    back = W[np.ix_(labels == source, labels == target)]
    return (into @ back).sum() / np.sum(labels == target) ** 2


@pytest.mark.parametrize("seed", range(5))
def test_flows_over_squared_sizes_are_equation_1(seed):
    W, labels = three_clusters(seed)
    U = flows(W, labels)
    for i, j in ((0, 1), (1, 0), (2, 1)):
        assert U[i, j] / np.sum(labels == j) ** 2 == pytest.approx(directed(W, labels, i, j))


@pytest.mark.parametrize("seed", range(5))
def test_what_leaves_a_union_is_the_sum_of_what_leaves_its_parts(seed):
    W, labels = three_clusters(seed)
    union = np.where(labels == 1, 0, labels)
    parts = directed(W, labels, 0, 2) + directed(W, labels, 1, 2)
    assert directed(W, union, 0, 2) == pytest.approx(parts, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_what_enters_a_union_needs_the_cross_terms(seed):
    W, labels = three_clusters(seed)
    union = np.where(labels == 1, 0, labels)
    U, (m, n, i) = flows(W, labels), (labels == c for c in range(3))
    o = [W[i][:, part].sum(axis=1) for part in (m, n)]
    back = [W[part][:, i].sum(axis=0) for part in (m, n)]
    cross = (back[0] * o[1] + back[1] * o[0]).sum()
    found = directed(W, union, 2, 0) * np.sum(union == 0) ** 2
    assert found == pytest.approx(U[2, 0] + U[2, 1] + cross, rel=1e-12)


def test_equation_7_is_exact_where_degrees_grow_with_sizes():
    W, labels = three_clusters(0)
    i, m, n = (labels == c for c in (2, 0, 1))
    ratio = W[i][:, m].sum(axis=1) / W[i][:, n].sum(axis=1) * n.sum() / m.sum()
    W[np.ix_(i, n)] *= ratio[:, None]  # now Eq. 4 holds
    U, sizes = flows(W, labels), np.bincount(labels)
    found = merged_flows(U, sizes, 0, 1, "eq7", 0.0)[2, 0]
    assert found == pytest.approx(flows(W, np.where(labels == 1, 0, labels))[-1, 0], rel=1e-12)


def test_equation_9_with_the_measured_ratio_is_equation_3():
    W, labels = three_clusters(1)
    U, sizes = flows(W, labels), np.bincount(labels)
    true = flows(W, np.where(labels == 1, 0, labels))[-1, 0]
    alpha = true / (U[2, 0] + U[2, 1]) - 1
    assert merged_flows(U, sizes, 0, 1, "alpha", alpha)[2, 0] == pytest.approx(true, rel=1e-12)
