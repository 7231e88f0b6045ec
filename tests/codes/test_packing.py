"""Bits and bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from quantal.codes import pack_bits, unpack_bits
from quantal.errors import DataError, ParameterError

BITS = arrays.arrays(
    np.uint8, st.tuples(st.integers(0, 5), st.integers(1, 70)), elements=st.integers(0, 1)
)


def test_bit_k_stands_in_byte_k_over_8_at_position_k_modulo_8():
    for k in (0, 1, 7, 8, 11):
        bits = np.zeros((1, 12), np.uint8)
        bits[0, k] = 1
        expected = np.zeros((1, 2), np.uint8)
        expected[0, k // 8] = 1 << (k % 8)
        np.testing.assert_array_equal(pack_bits(bits), expected)


@given(BITS)
def test_unpacking_gives_back_what_was_packed(bits):
    codes = pack_bits(bits)
    assert codes.shape == (len(bits), -(-bits.shape[1] // 8))
    np.testing.assert_array_equal(unpack_bits(codes, bits.shape[1]), bits)


@pytest.mark.parametrize("dtype", [bool, np.int64, np.float32])
def test_every_dtype_of_zeros_and_ones_is_packed(dtype):
    np.testing.assert_array_equal(pack_bits(np.array([[1, 0, 1]], dtype)), [[5]])


def test_signs_are_refused_with_the_place_and_the_remedy():
    signs = np.array([[1, 0], [0, -1]])
    with pytest.raises(DataError, match=r"row 1, column 1 holds -1\. Pass values > 0"):
        pack_bits(signs)


def test_nan_is_no_bit():
    with pytest.raises(DataError, match="holds nan"):
        pack_bits(np.array([[0.0, np.nan]]))


@pytest.mark.parametrize("bits", [np.zeros(8, np.uint8), np.zeros((3, 0), np.uint8)])
def test_bits_of_another_shape_are_refused(bits):
    with pytest.raises(DataError, match=r"bits must have shape \(n, n_bits\)"):
        pack_bits(bits)


def test_text_is_refused():
    with pytest.raises(DataError, match="bits must be 0 and 1, got dtype <U1"):
        pack_bits(np.array([["0", "1"]]))


def test_a_width_that_does_not_fit_the_bytes_is_refused():
    with pytest.raises(DataError, match="codes have 2 bytes a row, but 20 bits take 3"):
        unpack_bits(np.zeros((4, 2), np.uint8), 20)


def test_a_bit_beyond_the_width_is_refused():
    codes = np.array([[0], [1 << 6]], np.uint8)
    with pytest.raises(DataError, match="not 6 bits wide: row 1 has a bit set beyond them"):
        unpack_bits(codes, 6)


@pytest.mark.parametrize("n_bits", [0, -8, 2.5, "8"])
def test_a_width_must_be_a_positive_integer(n_bits):
    with pytest.raises(ParameterError, match="n_bits must be an integer"):
        unpack_bits(np.zeros((1, 1), np.uint8), n_bits)


def test_unpacked_bits_are_not_taken_for_codes():
    with pytest.raises(DataError, match=r"got int64 of shape \(2, 8\)\. Pack bits with quantal"):
        unpack_bits(np.zeros((2, 8), np.int64), 64)
