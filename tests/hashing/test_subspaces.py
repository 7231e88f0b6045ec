from __future__ import annotations

import numpy as np
import pytest

from quantal.hashing.subspaces import balanced_subspaces


def test_a_geometric_series_is_dealt_out_evenly():
    dealt = balanced_subspaces(2.0 ** -np.arange(8), 2)
    logs = -dealt  # log2 of the variances
    assert sorted(dealt.ravel().tolist()) == list(range(8))
    assert logs.sum(axis=1).tolist() == [-14, -14]


def test_one_large_direction_is_left_with_the_small_ones():
    dealt = balanced_subspaces(np.array([1e5, 8.0, 4.0, 4.0, 2.0, 1.0]), 2)
    assert dealt.tolist() == [[0, 4, 5], [1, 2, 3]]


def test_the_unit_of_the_data_does_not_matter():
    variances = np.sort(np.random.default_rng(0).exponential(size=30))[::-1]
    expected = balanced_subspaces(variances, 5)
    np.testing.assert_array_equal(balanced_subspaces(1e-12 * variances, 5), expected)


@pytest.mark.parametrize(("d", "n_subspaces", "widths"), [(7, 3, [3, 2, 2]), (2, 4, [1, 1, 0, 0])])
def test_the_first_subspaces_take_what_does_not_divide(d, n_subspaces, widths):
    dealt = balanced_subspaces(np.arange(d, 0, -1.0), n_subspaces)
    assert (dealt >= 0).sum(axis=1).tolist() == widths
    assert sorted(dealt[dealt >= 0].tolist()) == list(range(d))


def test_each_subspace_has_its_largest_direction_first():
    dealt = balanced_subspaces(np.arange(12, 0, -1.0), 3)
    assert (np.diff(dealt, axis=1) > 0).all()


def test_directions_without_variance_are_dealt_out_too():
    dealt = balanced_subspaces(np.array([3.0, 1.0, 0.0, 0.0]), 2)
    assert sorted(dealt.ravel().tolist()) == [0, 1, 2, 3]
