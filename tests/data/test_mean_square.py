"""One unit for all columns."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from quantal.data.mean_square import mean_square_preparation

X = np.random.default_rng(0).integers(0, 256, size=(30, 8)).astype(np.float64)


@pytest.mark.parametrize("factor", [1e-3, 1.0, 50.0])
def test_prepared_rows_have_a_mean_square_of_one(factor):
    rows = mean_square_preparation(X * factor)(X * factor)
    assert np.square(rows).mean() == pytest.approx(1, rel=1e-4)
    np.testing.assert_allclose(rows / rows.max(), X / X.max(), rtol=1e-4)  # nothing was moved


def test_sparse_rows_have_the_unit_of_dense_ones():
    sparse, dense = mean_square_preparation(sp.csr_array(X)), mean_square_preparation(X)
    np.testing.assert_array_equal(sparse.unit, dense.unit)
    np.testing.assert_array_equal(sparse(sp.csr_array(X)), dense(X))


def test_zeros_stay_as_they_are():
    assert (mean_square_preparation(np.zeros((4, 3)))(np.zeros((4, 3))) == 0).all()
