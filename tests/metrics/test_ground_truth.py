from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits

from quantal.errors import DataError, ParameterError
from quantal.metrics import exact_neighbors
from quantal.metrics import ground_truth as module


def by_sorting(rows, queries, k, metric):
    """Neighbours of integer data, whose distances and products are exact, by stable sorting."""
    rows, queries = np.asarray(rows, np.int64), np.asarray(queries, np.int64)
    if metric == "l2":
        keys = np.stack([((rows - q) ** 2).sum(axis=1) for q in queries])
    else:
        keys = -(queries @ rows.T)
    return np.argsort(keys, axis=1, kind="stable")[:, :k]


@pytest.fixture(scope="module")
def digits():
    X = load_digits().data.astype(np.uint8)
    return np.concatenate([X[60:500], X[60:160]]), X[:60]  # with 100 rows twice


@pytest.mark.parametrize("metric", ["l2", "inner_product"])
@pytest.mark.parametrize("k", [1, 10, 540])
def test_digits_agree_with_a_stable_sort(digits, metric, k):
    rows, queries = digits
    found = exact_neighbors(rows, queries, k, metric)
    np.testing.assert_array_equal(found, by_sorting(rows, queries, k, metric))
    assert found.dtype == np.int64


@pytest.mark.parametrize("metric", ["l2", "inner_product"])
def test_ties_go_to_the_lower_id_also_where_all_are_tied(metric):
    rows = np.random.default_rng(0).integers(0, 2, (2000, 3))
    queries = np.array([[0, 0, 0], [1, 1, 0]])
    found = exact_neighbors(rows, queries, 50, metric)
    np.testing.assert_array_equal(found, by_sorting(rows, queries, 50, metric))


def test_equal_rows_of_real_numbers_tie_wherever_they_stand(monkeypatch):
    monkeypatch.setattr(module, "_VALUES", 37 * 50)
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(20, 50))[rng.integers(0, 20, 300)]
    queries = rng.normal(size=(9, 50)).astype(np.float32)
    found = exact_neighbors(rows, queries, 120, "inner_product")
    values = np.take_along_axis((queries.astype(float) @ rows.T).round(9), found, axis=1)
    assert (np.diff(values, axis=1) <= 0).all()
    assert (np.diff(found, axis=1)[np.diff(values, axis=1) == 0] > 0).all()


def test_rounding_of_the_matrix_product_within_its_bound_changes_nothing(digits, monkeypatch):
    exact = module._products
    rng = np.random.default_rng(2)

    def rounded(asked, rows):
        products = exact(asked, rows)
        error = 64 * np.finfo(float).eps * np.linalg.norm(asked, axis=1)[:, None]
        return products + rng.uniform(-1, 1, products.shape) * error * module._longest(rows)

    monkeypatch.setattr(module, "_products", rounded)
    rows, queries = digits
    found = exact_neighbors(rows, queries, 10, "inner_product")
    np.testing.assert_array_equal(found, by_sorting(rows, queries, 10, "inner_product"))


@pytest.mark.parametrize(("products", "values"), [(1, 1), (700, 100), (10**6, 10**6)])
def test_the_size_of_the_blocks_changes_nothing(digits, products, values, monkeypatch):
    monkeypatch.setattr(module, "_PRODUCTS", products)
    monkeypatch.setattr(module, "_VALUES", values)
    rows, queries = digits[0][:150], digits[1][:12]
    found = exact_neighbors(rows, queries, 7, "inner_product")
    np.testing.assert_array_equal(found, by_sorting(rows, queries, 7, "inner_product"))


@pytest.mark.parametrize("metric", ["l2", "inner_product"])
def test_sparse_rows_give_the_same(digits, metric):
    rows, queries = digits
    found = exact_neighbors(sparse.csr_array(rows), sparse.csr_array(queries), 5, metric)
    np.testing.assert_array_equal(found, exact_neighbors(rows, queries, 5, metric))


def test_the_largest_product_is_not_the_nearest_row():
    rows = np.array([[1.0, 0.0], [9.0, 0.0], [-1.0, 0.0]])
    assert exact_neighbors(rows, [[1.1, 0.0]], 3).tolist() == [[0, 2, 1]]
    assert exact_neighbors(rows, [[1.1, 0.0]], 3, "inner_product").tolist() == [[1, 0, 2]]


@pytest.mark.parametrize(
    ("rows", "queries", "options", "error", "message"),
    [
        (np.eye(3), np.eye(2), {}, DataError, "rows have 3 columns and queries have 2"),
        (np.eye(3), np.ones(3), {}, DataError, r"queries must have shape .* got \(3,\)"),
        (np.full((3, 3), np.inf), np.eye(3), {}, DataError, "rows contains nan or infinite"),
        (np.eye(3), np.eye(3), {"k": 4}, ParameterError, "k must be at most 3, .* got 4"),
        (np.eye(3), np.eye(3), {"k": 0}, ParameterError, "k must be an integer in"),
        (np.eye(3), np.eye(3), {"metric": "L2"}, ParameterError, "metric must be one of 'l2'"),
    ],
)
def test_what_has_no_neighbours_is_refused(rows, queries, options, error, message):
    with pytest.raises(error, match=message):
        exact_neighbors(rows, queries, **{"k": 1, **options})
