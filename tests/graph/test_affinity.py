from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits

from quantal.errors import DataError, ParameterError
from quantal.graph import affinity_graph, random_walk
from quantal.graph.affinity import scaled_to_unit_length


@pytest.fixture(scope="module")
def digits():
    return load_digits().data[:300]


def test_weights_on_a_line_are_those_one_can_count():
    graph = affinity_graph([[0.0], [1.0], [3.0]], 1, unit_rows=False)
    assert graph.sigma_squared == pytest.approx((1 + 1 + 4) / 3)
    expected = np.zeros((3, 3))
    expected[0, 1] = expected[1, 0] = np.exp(-1 / 2)
    expected[2, 1] = np.exp(-4 / 2)
    np.testing.assert_allclose(graph.weights.toarray(), expected)
    assert graph.neighbors.tolist() == [[1], [0], [1]]


@pytest.mark.parametrize("a", [1.0, 0.95, 3.0])
def test_the_mean_exponent_is_the_inverse_of_a(digits, a):
    weights = affinity_graph(digits, 20, a=a).weights
    assert np.log(weights.data).mean() == pytest.approx(-1 / a)
    assert (np.diff(weights.indptr) == 20).all() and not weights.diagonal().any()


def test_weights_of_both_directions_are_equal(digits):
    W = affinity_graph(digits, 8).weights.toarray()
    both = (W > 0) & (W.T > 0)
    np.testing.assert_array_equal(W[both], W.T[both])
    assert not np.array_equal(W, W.T)


def test_rows_of_length_one_make_the_scale_of_single_rows_vanish(digits):
    factors = np.random.default_rng(0).choice([0.5, 1, 4], size=(len(digits), 1))
    first, second = affinity_graph(digits, 5), affinity_graph(digits * factors, 5)
    np.testing.assert_array_equal(first.neighbors, second.neighbors)
    np.testing.assert_array_equal(first.weights.data, second.weights.data)


def test_without_unit_rows_the_common_scale_vanishes_in_the_weights(digits):
    first, second = (affinity_graph(f * digits, 5, unit_rows=False) for f in (1, 1024))
    np.testing.assert_array_equal(first.weights.data, second.weights.data)
    assert second.sigma_squared == pytest.approx(2**20 * first.sigma_squared)


def test_more_neighbours_than_rows_means_all_others():
    assert affinity_graph(np.eye(5), 20).neighbors.shape == (5, 4)


def test_identical_rows_have_weight_one():
    graph = affinity_graph(np.ones((4, 3)), 2, sigma_doubling=True)
    assert (graph.weights.data == 1).all() and graph.sigma_squared == 0


def outlier():
    return np.append(np.arange(0.0, 1.0, 0.001), 1e6)[:, None]


def test_a_far_outlier_has_no_weight_unless_the_width_is_doubled():
    single = affinity_graph(outlier()[::50], 3, unit_rows=False, a=1e-4)
    assert single.weights[[20]].sum() < 1e-100
    doubled = affinity_graph(outlier()[::50], 3, unit_rows=False, a=1e-4, sigma_doubling=True)
    ratio = np.log2(doubled.sigma_squared / single.sigma_squared)
    assert ratio == pytest.approx(round(ratio)) and ratio >= 1
    assert 1e-5 <= doubled.weights[[20]].max() < 1e-2


def test_the_width_is_not_doubled_without_need(digits):
    plain, doubling = (affinity_graph(digits, sigma_doubling=flag) for flag in (False, True))
    assert plain.sigma_squared == doubling.sigma_squared


def test_unit_rows_have_length_one_and_zeros_stay():
    rows = np.array([[3.0, 4.0], [0.0, 0.0], [1e-200, 0.0], [1e200, 1e200]])
    unit = scaled_to_unit_length(rows)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), [1, 0, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(unit[0], [0.6, 0.8], rtol=1e-6)
    sparse_unit = scaled_to_unit_length(sparse.csr_array(rows[:2])).toarray()
    np.testing.assert_allclose(sparse_unit, unit[:2], rtol=1e-6)


def test_images_are_rows():
    images = np.random.default_rng(0).random((12, 3, 4))
    flat = affinity_graph(images.reshape(12, 12), 3)
    np.testing.assert_array_equal(affinity_graph(images, 3).weights.data, flat.weights.data)


def test_a_walk_stays_with_what_its_row_lacks(digits):
    weights = affinity_graph(digits, 6).weights
    walk = random_walk(weights)
    sums = walk.sum(axis=1)
    assert ((sums > 0) & (sums < 1)).all()
    np.testing.assert_allclose(1 - sums, 1 / (1 + weights.sum(axis=1)))
    np.testing.assert_array_equal(walk.indices, weights.indices)


def test_a_graph_with_a_diagonal_is_refused():
    with pytest.raises(ParameterError, match="square matrix without a diagonal"):
        random_walk(sparse.eye_array(3).tocsr())


@pytest.mark.parametrize(
    ("X", "options", "error", "text"),
    [
        (np.ones((1, 3)), {}, DataError, "at least 2 rows to be neighbours, got 1"),
        ([[1.0, np.nan], [0.0, 1.0]], {}, DataError, "nan or infinite"),
        (np.ones(3), {}, DataError, r"X must have shape \(n_samples, n_features\)"),
        (np.eye(3), {"n_neighbors": 0}, ParameterError, r"n_neighbors must be an integer in \[1"),
        (np.eye(3), {"a": 0}, ParameterError, r"a must be a number in \(0"),
    ],
)
def test_what_has_no_neighbours_is_refused(X, options, error, text):
    with pytest.raises(error, match=text):
        affinity_graph(X, **options)
