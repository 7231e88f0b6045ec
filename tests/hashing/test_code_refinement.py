"""Coordinate descent on bits against the enumeration of all codes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from quantal.hashing.code_refinement import refine_bits


def problem(n_bits, seed, n=40, d=5):
    """Rows' projections on codewords, the codewords' Gram matrix, and random starting codes."""
    generator = np.random.default_rng(seed)
    codewords = generator.normal(size=(n_bits, d))
    projections = 2 * generator.normal(size=(n, d)) @ codewords.T
    bits = generator.integers(0, 2, (n, n_bits), dtype=np.uint8)
    return bits, projections, codewords @ codewords.T


def values(bits, projections, gram):
    h = bits.astype(float)
    return 0.5 * np.einsum("nk,kl,nl->n", h, gram, h) - (h * projections).sum(axis=1)


def best_codes(projections, gram):
    codes = np.array(list(product((0, 1), repeat=len(gram))))
    square = 0.5 * np.einsum("ck,kl,cl->c", codes, gram, codes)
    return codes[(square - projections @ codes.T).argmin(axis=1)]


@pytest.mark.parametrize("seed", range(5))
def test_no_sweep_raises_the_value_and_none_is_worse_than_the_start(seed):
    bits, projections, gram = problem(12, seed)
    reached = [values(refine_bits(bits, projections, gram, n), projections, gram) for n in range(9)]
    np.testing.assert_array_equal(refine_bits(bits, projections, gram, 0), bits)
    assert (np.diff(reached, axis=0) <= 1e-9).all()
    assert (reached[-1] < reached[0]).mean() > 0.9


@pytest.mark.parametrize("n_bits", [1, 4, 8])
def test_where_it_stops_no_single_bit_can_be_improved(n_bits):
    bits, projections, gram = problem(n_bits, 0)
    found = refine_bits(bits, projections, gram, 100)
    lowest = values(found, projections, gram)
    for k in range(n_bits):
        flipped = found.copy()
        flipped[:, k] ^= 1
        assert (values(flipped, projections, gram) >= lowest - 1e-9).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_best_code_of_all_stays_and_is_mostly_found(seed):
    bits, projections, gram = problem(6, seed)
    best = best_codes(projections, gram)
    np.testing.assert_array_equal(refine_bits(best.astype(np.uint8), projections, gram, 50), best)
    lowest = values(best, projections, gram)
    reached = values(refine_bits(bits, projections, gram, 50), projections, gram)
    assert (reached >= lowest - 1e-9).all()
    assert np.isclose(reached, lowest).mean() > 0.5


def test_orthogonal_codewords_are_solved_in_one_sweep():
    bits, projections, _ = problem(7, 1)
    gram = np.diag(np.arange(1.0, 8.0))
    found = refine_bits(bits, projections, gram, 1)
    np.testing.assert_array_equal(found, best_codes(projections, gram))


def test_ties_keep_the_bit_and_the_start_is_left_as_it_was():
    bits = np.array([[0, 1]], np.uint8)
    kept = bits.copy()
    found = refine_bits(bits, np.array([[0.5, 0.5]]), np.eye(2), 10)
    np.testing.assert_array_equal(found, kept)
    refine_bits(bits, np.array([[9.0, -9.0]]), np.eye(2), 10)
    np.testing.assert_array_equal(bits, kept)
