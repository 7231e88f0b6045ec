"""Rows less their centre: every container and block size gives the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits

from quantal.hashing.centred_rows import CentredRows, column_means


@pytest.fixture(scope="module")
def X():
    return load_digits().data[:100]


def test_means_are_exact_over_chunks(X):
    np.testing.assert_allclose(column_means(X), X.mean(axis=0), rtol=1e-14)
    np.testing.assert_array_equal(column_means(sp.csr_array(X)), column_means(X))


@pytest.mark.parametrize("n_rows", [None, 1, 7, 100, 1000])
def test_blocks_together_are_all_rows(X, n_rows):
    rows = CentredRows(X, X.mean(axis=0))
    found = np.empty((100, 64), np.float32)
    for place, block in rows.blocks(n_rows=n_rows):
        found[place] = block
    np.testing.assert_array_equal(found, (X - X.mean(axis=0)).astype(np.float32))


def test_wanted_rows_are_given_in_their_order(X):
    rows, numbers = CentredRows(sp.csr_array(X), np.ones(64)), np.array([3, 5, 50])
    np.testing.assert_array_equal(rows.take(numbers), (X[numbers] - 1).astype(np.float32))
    [(place, block)] = rows.blocks(numbers)
    assert (place, block.shape) == (slice(0, 3), (3, 64))


def test_rows_far_from_the_origin_lose_nothing(X):
    far = X + 1e9
    rows = CentredRows(far, column_means(far))
    np.testing.assert_allclose(rows.take(np.arange(100)), X - X.mean(axis=0), atol=1e-6)


def test_a_sample_holds_different_rows_in_the_order_of_the_data(X):
    rows = CentredRows(np.arange(100.0)[:, None], np.zeros(1))
    sample = rows.sample(30, np.random.default_rng(0))[:, 0]
    assert (np.diff(sample) > 0).all()
    np.testing.assert_array_equal(rows.sample(500, np.random.default_rng(0))[:, 0], np.arange(100))
