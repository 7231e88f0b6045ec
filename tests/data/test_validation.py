from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from quantal.data import require_usable_rows
from quantal.errors import DataError


def rows():
    return np.arange(12, dtype=np.float64).reshape(4, 3)


@pytest.mark.parametrize("make", [lambda x: x, sp.csr_array], ids=["dense", "sparse"])
def test_nan_and_infinity_are_counted_and_located(make):
    x = rows()
    x[1, 2], x[3, 0], x[3, 1] = np.nan, np.inf, -np.inf
    with pytest.raises(DataError) as caught:
        require_usable_rows(make(x))
    assert "NaN (1 of them) and infinity (2 of them)" in str(caught.value)
    assert "the first in row 1, column 2 (counting from 0)" in str(caught.value)


def test_a_late_nan_is_located_across_chunks():
    x = np.zeros((300_000, 16))
    x[0, 0] = 1
    x[299_999, 15] = np.nan
    with pytest.raises(DataError, match=r"the first in row 299999, column 15"):
        require_usable_rows(x)


def test_the_pixel_of_an_image_is_named():
    x = np.random.default_rng(0).normal(size=(3, 4, 5))
    x[2, 1, 3] = np.inf
    with pytest.raises(DataError, match=r"infinity \(1 of them\), the first in row 2, pixel \(1"):
        require_usable_rows(x)


@pytest.mark.parametrize("make", [lambda x: x, sp.csr_array, sp.csc_array])
def test_identical_rows_are_refused_and_allowed_for_prediction(make):
    x = make(np.tile([1.0, 0.0, 2.0], (5, 1)))
    with pytest.raises(DataError, match=r"all 5 rows are identical"):
        require_usable_rows(x)
    require_usable_rows(x, n_min=1)


def test_constant_columns_and_duplicate_rows_are_ordinary_data():
    x = np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 2.0]])
    require_usable_rows(x)
    require_usable_rows(sp.csr_array(x))


def test_one_row_is_refused_and_allowed_for_prediction():
    with pytest.raises(DataError, match=r"only 1 sample \(n_samples=1\), but at least 2"):
        require_usable_rows(rows()[:1])
    require_usable_rows(rows()[:1], n_min=1)


def test_no_row_and_no_column_are_refused():
    with pytest.raises(DataError, match=r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 2"):
        require_usable_rows(np.empty((0, 3)))
    with pytest.raises(DataError, match=r"0 feature\(s\) \(shape=\(4, 0\)\) while a minimum of 1"):
        require_usable_rows(np.empty((4, 0)))


def test_one_axis_is_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"Reshape your data"):
        require_usable_rows(np.ones(5))


@pytest.mark.parametrize("dtype", [complex, "S3", "datetime64[s]"])
def test_what_is_not_a_real_number_is_refused(dtype):
    with pytest.raises(DataError, match=r"dtype"):
        require_usable_rows(np.ones((3, 2)).astype(dtype))


def test_large_finite_float16_rows_pass():
    x = np.full((40, 30), 60_000, dtype=np.float16)  # their sum would overflow
    x[0, 0] = 1
    require_usable_rows(x)
