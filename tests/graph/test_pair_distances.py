from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial.distance import cdist

from quantal.errors import DataError, ParameterError
from quantal.graph.pair_distances import DENSE_ROWS, affinity_form, pair_distances


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(80, 5)) + 1000


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_all_pairs_are_exactly_symmetric_squared_distances(x, form):
    found = pair_distances(form(x - 1000), "dense", 5, unit_rows=False)
    exact = cdist(x, x, "sqeuclidean")
    np.testing.assert_allclose(found.squared, exact, atol=1e-9)
    np.testing.assert_array_equal(found.squared, found.squared.T)
    assert not found.squared.diagonal().any()
    assert found.mean == pytest.approx(exact.mean())
    assert found.greatest == pytest.approx(exact.max())


def test_a_large_offset_costs_no_digits(x):
    near = pair_distances(x, "dense", 5, unit_rows=False).squared
    np.testing.assert_allclose(near, cdist(x, x, "sqeuclidean"), atol=1e-8)


def test_near_pairs_are_those_of_either_side(x):
    found = pair_distances(x - 1000, "neighbors", 4, unit_rows=False)
    exact = cdist(x, x, "sqeuclidean")
    order = np.argsort(exact + np.diag(np.full(80, np.inf)), axis=1)[:, :4]
    wanted = np.zeros((80, 80), bool)
    np.put_along_axis(wanted, order, True, axis=1)
    dense = found.squared.toarray()
    np.testing.assert_array_equal(dense > 0, wanted | wanted.T)
    np.testing.assert_allclose(dense[dense > 0], exact[dense > 0], rtol=1e-4)
    assert found.mean == pytest.approx(exact.mean(), rel=1e-5)
    assert found.greatest == pytest.approx(exact.max(), rel=1e-5)


def test_duplicates_stay_neighbours_at_distance_zero():
    x = np.repeat(np.eye(3), 2, axis=0)
    found = pair_distances(x, "neighbors", 1, unit_rows=False).squared
    assert found.nnz == 6
    assert not found.data.any()


def test_rows_are_brought_to_length_one(x):
    found = pair_distances(x * np.arange(1, 81)[:, None], "dense", 5, unit_rows=True)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    np.testing.assert_allclose(found.squared, cdist(unit, unit, "sqeuclidean"), atol=1e-12)


def test_rows_are_centred_before_they_get_length_one(x):
    found = pair_distances(x, "dense", 5, unit_rows=True, centered=True)
    same = pair_distances(x - x.mean(axis=0), "dense", 5, unit_rows=True)
    np.testing.assert_allclose(found.squared, same.squared, atol=1e-9)
    with pytest.raises(DataError, match="centered=True fills every zero of sparse rows"):
        pair_distances(sp.csr_array(x), "dense", 5, unit_rows=True, centered=True)


def test_the_form_is_chosen_by_the_number_of_rows():
    assert affinity_form("auto", DENSE_ROWS) == "dense"
    assert affinity_form("auto", DENSE_ROWS + 1) == "neighbors"
    assert affinity_form("dense", 10**6) == "dense"
    with pytest.raises(ParameterError, match=r"one of 'auto', 'dense', 'neighbors'"):
        affinity_form("sparse", 3)


def test_all_pairs_that_cannot_fit_are_refused():
    x = np.broadcast_to(np.float32(0), (10**6, 1))
    with pytest.raises(DataError, match=r"all pairs of 1,000,000 rows.*GiB"):
        pair_distances(x, "dense", 5, unit_rows=False)
