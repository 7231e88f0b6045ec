"""Random hyperplanes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

import quantal
from quantal.errors import ParameterError
from quantal.hashing import RandomHyperplaneHashing


@pytest.fixture(scope="module")
def X():
    return load_digits().data


def test_a_bit_is_the_side_of_its_hyperplane(X):
    hasher = RandomHyperplaneHashing(24, random_state=0).fit(X)
    sides = (X - X.mean(axis=0)) @ hasher.directions_
    assert np.abs(sides).min() > 1e-4  # no row so near that rounding decides
    np.testing.assert_array_equal(hasher.transform(X), sides > 0)


def test_two_rows_differ_in_a_share_of_the_bits_that_is_their_angle_by_pi():
    angle = np.pi / 5
    rows = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
    hasher = RandomHyperplaneHashing(4096, center=False, random_state=0).fit(rows)
    differ = (hasher.transform(rows[:1]) != hasher.transform(rows[1:])).mean()
    assert differ == pytest.approx(1 / 5, abs=4 * np.sqrt(0.16 / 4096))


def test_centred_bits_are_balanced_where_uncentred_ones_are_constant(X):
    far = X + 1e4
    constant = RandomHyperplaneHashing(32, center=False, random_state=0).fit(far)
    assert set(constant.transform(far).mean(axis=0)) <= {0.0, 1.0}
    shares = RandomHyperplaneHashing(32, random_state=0).fit(far).transform(far).mean(axis=0)
    assert ((shares > 0.2) & (shares < 0.8)).all()


def test_centred_bits_ignore_a_shift_and_a_factor(X):
    bits = RandomHyperplaneHashing(32, random_state=0).fit(X).transform(X)
    changed = X * 8.0 - 1024.0
    again = RandomHyperplaneHashing(32, random_state=0).fit(changed).transform(changed)
    np.testing.assert_array_equal(bits, again)


def test_the_origin_of_uncentred_hyperplanes_is_in_no_half(X):
    hasher = RandomHyperplaneHashing(8, center=False, random_state=0).fit(X)
    np.testing.assert_array_equal(hasher.transform(np.zeros((1, 64))), np.zeros((1, 8)))


def test_more_bits_than_columns_are_allowed(X, tmp_path):
    hasher = RandomHyperplaneHashing(100, random_state=0).fit(X[:, :3])
    hasher.save(tmp_path / "m")
    loaded = quantal.load(tmp_path / "m")
    assert loaded.encode(X[:, :3]).shape == (len(X), 13)
    np.testing.assert_array_equal(loaded.encode(X[:, :3]), hasher.encode(X[:, :3]))


@pytest.mark.parametrize("n_bits", [0, 2.5, 4097, "8"])
def test_a_wrong_width_is_refused(X, n_bits):
    with pytest.raises(ParameterError, match=r"n_bits must be an integer in \[1, 4096\]"):
        RandomHyperplaneHashing(n_bits).fit(X)
