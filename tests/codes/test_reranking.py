"""Candidates ranked by the rows themselves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from quantal.codes import rerank, reranking
from quantal.errors import DataError, ParameterError

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(50, 4))
QUERIES = RNG.normal(size=(6, 4))
CANDIDATES = np.array([RNG.permutation(50)[:8] for _ in range(6)])


def test_distances_are_those_to_the_rows():
    distances, ids = rerank(CANDIDATES, QUERIES, ROWS, 8)
    assert distances.dtype == np.float32 and ids.dtype == np.int64
    expected = np.linalg.norm(QUERIES[:, None] - ROWS[ids], axis=2)
    np.testing.assert_allclose(distances, expected, rtol=1e-6)
    assert (np.diff(distances) >= 0).all()
    np.testing.assert_array_equal(np.sort(ids), np.sort(CANDIDATES))


def test_inner_products_descend():
    products, ids = rerank(CANDIDATES, QUERIES, ROWS, 3, "inner_product")
    everything = np.take_along_axis(QUERIES @ ROWS.T, CANDIDATES, 1)
    np.testing.assert_allclose(products, np.sort(everything)[:, ::-1][:, :3], rtol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(QUERIES @ ROWS.T, ids, 1), products, rtol=1e-6)


@pytest.mark.parametrize(
    "rows",
    [
        ROWS.reshape(50, 2, 2),
        sparse.csr_array(ROWS),
        sparse.coo_array(ROWS),
        ROWS.tolist(),
        ROWS.astype("f4"),
    ],
)
def test_images_sparse_rows_and_memory_maps_count_alike(rows):
    expected = rerank(CANDIDATES, QUERIES, ROWS, 5)
    found = rerank(CANDIDATES, QUERIES, rows, 5)
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)


def test_blocks_of_queries_change_nothing(monkeypatch):
    expected = rerank(CANDIDATES, QUERIES, ROWS, 5)
    monkeypatch.setattr(reranking, "_GATHERED_BYTES", 1)
    for one, other in zip(rerank(CANDIDATES, QUERIES, ROWS, 5), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_ties_go_to_the_lower_row_and_missing_candidates_come_last():
    rows = np.zeros((9, 2))
    distances, ids = rerank(np.array([[7, -1, 2, 5]]), np.ones((1, 2)), rows, 4)
    assert ids.tolist() == [[2, 5, 7, -1]]
    assert distances[0, 3] == np.inf


def test_a_row_that_is_not_finite_is_refused_only_if_it_is_a_candidate():
    rows = ROWS.copy()
    rows[0] = np.nan
    rerank(np.array([[1, -1]]), QUERIES[:1], rows, 1)
    with pytest.raises(DataError, match="candidates' rows contain nan"):
        rerank(np.array([[1, 0]]), QUERIES[:1], rows, 1)


def test_more_rows_than_candidates_are_refused():
    with pytest.raises(ParameterError, match="k must be at most 8, the number of candidates"):
        rerank(CANDIDATES, QUERIES, ROWS, 9)


def test_queries_of_another_width_are_refused():
    with pytest.raises(
        DataError, match="queries have 3 columns, but the rows behind the codes have 4"
    ):
        rerank(CANDIDATES, QUERIES[:, :3], ROWS, 1)


@pytest.mark.parametrize("metric", ["l2", "inner_product"])
def test_no_queries_find_nothing(metric):
    found, ids = rerank(CANDIDATES[:0], QUERIES[:0], ROWS, 3, metric)
    assert found.shape == ids.shape == (0, 3)
