"""The linear decoder of hard codes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from quantal.codes import Codes, LinearDecoder, fit_decoder, pack_bits
from quantal.data import memory_map
from quantal.errors import DataError, ParameterError

RNG = np.random.default_rng(0)
BITS = RNG.integers(0, 2, (400, 12))


def least_squares(rows, bits):
    """(l, d) codewords and (d,) offset."""
    design = np.hstack([bits, np.ones((len(bits), 1))])
    solution = np.linalg.lstsq(design, rows, rcond=None)[0]
    return solution[:-1], solution[-1]


def test_a_planted_decoder_is_recovered():
    codewords, offset = RNG.normal(size=(12, 5)), RNG.normal(size=5)
    decoder = fit_decoder(BITS @ codewords + offset, BITS)
    np.testing.assert_allclose(decoder.codewords, codewords, atol=1e-6)
    np.testing.assert_allclose(decoder.offset, offset, atol=1e-6)
    assert (decoder.n_bits, decoder.n_features) == (12, 5)


@pytest.mark.parametrize("shift", [0, 1e6])
def test_noisy_rows_get_the_least_squares_solution_however_far_from_zero(shift):
    rows = RNG.normal(size=(400, 7)) + shift
    codewords, offset = least_squares(rows, BITS)
    decoder = fit_decoder(rows, BITS)
    np.testing.assert_allclose(decoder.codewords, codewords, atol=1e-6)
    np.testing.assert_allclose(decoder.offset, offset, rtol=1e-9, atol=1e-6)


def test_residuals_are_orthogonal_to_bits():
    rows = RNG.normal(size=(400, 7))
    residual = rows - fit_decoder(rows, BITS).decode(BITS)
    np.testing.assert_allclose(BITS.T @ residual, 0, atol=1e-3)
    np.testing.assert_allclose(residual.sum(axis=0), 0, atol=1e-3)


def test_chunks_sparse_rows_and_packed_codes_change_nothing(monkeypatch):
    rows = RNG.normal(size=(400, 7)) * (RNG.random((400, 7)) < 0.3)
    whole = fit_decoder(rows, BITS).codewords
    monkeypatch.setattr(memory_map.rows_per_chunk, "__defaults__", (1000,))
    chunked = fit_decoder(rows, Codes(pack_bits(BITS), 12)).codewords
    np.testing.assert_allclose(chunked, whole, atol=1e-10)
    np.testing.assert_allclose(
        fit_decoder(sparse.csr_array(rows), BITS).codewords, whole, atol=1e-10
    )


def test_images_are_decoded_as_rows():
    images = RNG.normal(size=(400, 2, 3))
    decoder = fit_decoder(images, BITS)
    np.testing.assert_allclose(
        decoder.codewords, fit_decoder(images.reshape(400, 6), BITS).codewords
    )


def test_a_constant_bit_adds_nothing_and_a_repeated_one_shares():
    rows = RNG.normal(size=(400, 3))
    bits = np.hstack([BITS[:, :1], BITS[:, :1], np.ones((400, 1), int)])
    decoder = fit_decoder(rows, bits)
    np.testing.assert_allclose(decoder.codewords[2], 0, atol=1e-12)
    np.testing.assert_allclose(decoder.codewords[0], decoder.codewords[1], atol=1e-6)
    codewords, _ = least_squares(rows, BITS[:, :1])
    np.testing.assert_allclose(decoder.codewords[:2].sum(axis=0), codewords[0], atol=1e-6)


@pytest.mark.parametrize("n_features", [3, 12, 40])
def test_norms_of_codes_are_those_of_their_sums(n_features):
    decoder = LinearDecoder(np.zeros(n_features), RNG.normal(size=(12, n_features)))
    expected = ((BITS @ decoder.codewords) ** 2).sum(axis=1)
    np.testing.assert_allclose(decoder.squared_norms(pack_bits(BITS)), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("rows", "bits", "message"),
    [
        (np.ones((3, 2)), np.ones((4, 2)), "of one length, at least 1, got 3 and 4"),
        (np.ones((0, 2)), np.ones((0, 2)), "of one length, at least 1, got 0 and 0"),
        (np.full((3, 2), np.nan), np.ones((3, 2)), "rows 0 to 2 contain nan"),
        (np.ones((3, 2)), np.full((3, 2), -1), "bits must be 0 and 1"),
        (np.ones(3), np.ones((3, 2)), r"rows must be real numbers of shape \(n, d\)"),
    ],
)
def test_rows_and_bits_that_do_not_fit_are_refused(rows, bits, message):
    with pytest.raises(DataError, match=message):
        fit_decoder(rows, bits)


def test_a_ridge_of_zero_is_refused():
    with pytest.raises(ParameterError, match="ridge must be a number in"):
        fit_decoder(np.ones((3, 2)), np.ones((3, 2)), ridge=0)


@pytest.mark.parametrize(
    ("offset", "codewords", "message"),
    [
        (np.zeros(3), np.zeros((4, 2)), r"got \(3,\) and \(4, 2\)"),
        (np.zeros(2), np.zeros((0, 2)), r"got \(2,\) and \(0, 2\)"),
        (np.zeros(2), np.full((4, 2), np.inf), "must be finite"),
    ],
)
def test_a_decoder_that_cannot_decode_is_refused(offset, codewords, message):
    with pytest.raises(DataError, match=message):
        LinearDecoder(offset, codewords)


def test_bits_of_another_width_are_not_decoded():
    with pytest.raises(DataError, match=r"bits must have shape \(n, 4\), got \(1, 5\)"):
        LinearDecoder(np.zeros(2), np.zeros((4, 2))).decode(np.zeros((1, 5)))
