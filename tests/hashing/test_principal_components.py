"""Principal directions from streamed covariances."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from quantal.errors import DataError
from quantal.hashing.centred_rows import CentredRows, column_means
from quantal.hashing.principal_components import (
    coordinates,
    covariance_of,
    principal_components,
)
from quantal.hashing.row_sample import sampled_rows


def centred(x):
    return CentredRows(x, column_means(x))


def test_the_covariance_is_that_of_numpy(digits):
    expected = np.cov(digits.T, bias=True)
    np.testing.assert_allclose(covariance_of(centred(digits)), expected, atol=1e-5 * expected.max())


@pytest.mark.parametrize("unit", [1e-30, 1e-6, 1e6, 1e30])
def test_the_unit_of_the_data_costs_no_digits(digits, unit):
    expected = np.cov(digits.T, bias=True)
    found = covariance_of(centred(digits * unit)) / unit / unit
    np.testing.assert_allclose(found, expected, atol=1e-5 * expected.max())


def test_an_offset_costs_no_digits(digits):
    expected = np.cov(digits.T, bias=True)
    found = covariance_of(centred(digits + 1e7))
    np.testing.assert_allclose(found, expected, atol=1e-5 * expected.max())


def test_directions_and_variances_are_those_of_scikit_learn_but_for_signs(digits):
    found, expected = principal_components(centred(digits), 9), PCA(9).fit(digits)
    variances = expected.explained_variance_ * (len(digits) - 1) / len(digits)
    np.testing.assert_allclose(found.variances, variances, rtol=1e-5)
    cosines = np.abs(np.einsum("dk,kd->k", found.directions, expected.components_))
    np.testing.assert_allclose(cosines, 1, atol=1e-6)


def test_the_largest_entry_of_a_direction_is_positive(digits):
    directions = principal_components(centred(digits), 20).directions
    largest = np.abs(directions).argmax(axis=0)
    assert (directions[largest, np.arange(20)] > 0).all()


def test_equally_large_entries_do_not_make_signs_a_matter_of_rounding():
    x = np.array([[1.0, -1.0], [-1.0, 1.0], [2.0, -2.0], [-2.0, 2.0]])
    [direction] = principal_components(centred(x), 1).directions.T
    np.testing.assert_allclose(direction, [np.sqrt(0.5), -np.sqrt(0.5)])


def test_coordinates_are_centred_products_of_the_rows_asked_for(digits):
    rows = centred(digits)
    directions = principal_components(rows, 5).directions
    expected = (digits - digits.mean(axis=0)) @ directions
    np.testing.assert_allclose(coordinates(rows, directions), expected, atol=1e-4)
    some = np.array([3, 4, 900])
    np.testing.assert_allclose(coordinates(rows, directions, some), expected[some], atol=1e-4)


def test_the_rank_counts_directions_with_variance():
    x = np.random.default_rng(0).normal(size=(100, 3)) @ np.eye(3, 8)
    assert principal_components(centred(x), 8).rank == 3


def test_too_many_columns_are_refused_with_the_remedy():
    x = np.eye(2, 16_385)
    with pytest.raises(DataError, match=r"X has 16385 columns.*at most 16384.*TruncatedSVD"):
        principal_components(centred(x), 1)


@pytest.mark.filterwarnings("ignore:overflow")
def test_values_beyond_float32_are_refused():
    x = np.array([[1e300, 0.0], [-1e300, 1.0], [0.0, 2.0]])
    with pytest.raises(DataError, match=r"beyond the range of float32"):
        principal_components(centred(x), 1)


def test_a_sample_of_rows_is_ascending_distinct_and_seeded():
    numbers = sampled_rows(1000, 100, np.random.default_rng(0))
    assert len(np.unique(numbers)) == 100
    assert (np.diff(numbers) > 0).all()
    np.testing.assert_array_equal(numbers, sampled_rows(1000, 100, np.random.default_rng(0)))


@pytest.mark.parametrize("wanted", [None, 1000, 5000])
def test_all_rows_need_no_draw(wanted):
    generator = np.random.default_rng(0)
    before = generator.bit_generator.state
    assert sampled_rows(1000, wanted, generator) is None
    assert generator.bit_generator.state == before
