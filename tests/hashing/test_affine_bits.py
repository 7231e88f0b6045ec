"""Bits above a threshold."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from quantal.hashing.affine_bits import above_thresholds


def whole(*arguments):
    return np.concatenate([bits for _, bits in above_thresholds(*arguments)])


@pytest.fixture
def parts():
    generator = np.random.default_rng(0)
    rows = generator.integers(-4, 5, (700, 6)).astype(np.float32)
    return rows, generator.integers(-2, 3, (6, 9)).astype(np.float32)


def test_a_bit_is_one_above_its_threshold_and_zero_on_it(parts):
    rows, directions = parts
    thresholds = np.arange(9, dtype=np.float32) - 4
    scores = rows @ directions
    assert (scores == thresholds).any()
    np.testing.assert_array_equal(whole(rows, directions, thresholds), scores > thresholds)


@pytest.mark.parametrize("form", [np.float64, np.int16, sp.csr_array])
def test_types_and_sparse_rows_give_the_same(parts, form):
    rows, directions = parts
    other = form(rows) if form is sp.csr_array else rows.astype(form)
    zero = np.zeros(9, np.float32)
    np.testing.assert_array_equal(whole(other, directions, zero), whole(rows, directions, zero))


def test_a_far_centre_is_subtracted_before_rounding(parts):
    rows, directions = parts
    center = np.full(6, 1e9)
    zero = np.zeros(9, np.float32)
    far = whole(rows.astype(np.float64) + center, directions, zero, center)
    np.testing.assert_array_equal(far, whole(rows, directions, zero))


def test_a_row_has_the_same_bits_alone(parts):
    rows, directions = parts
    zero = np.zeros(9, np.float32)
    alone = np.concatenate([whole(rows[[i]], directions, zero) for i in (0, 255, 256, 699)])
    np.testing.assert_array_equal(alone, whole(rows, directions, zero)[[0, 255, 256, 699]])
