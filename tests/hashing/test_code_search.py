from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize

from quantal.hashing.code_search import (
    best_codes,
    code_cost,
    flipped_codes,
    improved_codes,
    relaxed_codes,
    rounded_codes,
)


@pytest.fixture(params=[0.0, 0.3, 2.0], ids="mu={}".format)
def problem(request):
    """40 rows of 9 columns, a decoder of 6 bits, what an encoder says, and the cost."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 9)).astype(np.float32)
    codewords, offset = rng.normal(size=(6, 9)), rng.normal(size=9)
    said = rng.integers(0, 2, (40, 6)).astype(np.uint8)
    cost = code_cost(rows, said, codewords, offset, request.param)
    return rows, codewords, offset, said, request.param, cost


def dearness(problem, codes):
    """The cost by its definition, with the part that no code changes."""
    rows, codewords, offset, said, mu, _ = problem
    error = np.square(rows - offset - codes @ codewords).sum(axis=1)
    return error + mu * np.not_equal(codes, said).sum(axis=1)


def test_the_cost_is_the_definition_up_to_a_constant_a_row(problem):
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 2, (2, 40, 6)).astype(np.uint8)
    difference = problem[-1](one) - problem[-1](other)
    expected = dearness(problem, one) - dearness(problem, other)
    np.testing.assert_allclose(difference, expected, atol=1e-5)


def test_enumeration_finds_what_trying_all_codes_finds(problem):
    every = [np.tile(code, (40, 1)).astype(np.uint8) for code in product((0, 1), repeat=6)]
    least = np.min([dearness(problem, codes) for codes in every], axis=0)
    np.testing.assert_allclose(dearness(problem, best_codes(problem[-1])), least, rtol=1e-6)


def test_enumeration_does_not_depend_on_blocks(problem, monkeypatch):
    whole = best_codes(problem[-1])
    monkeypatch.setattr("quantal.hashing.code_search.BLOCK_BYTES", 7 * (8 << 6))
    np.testing.assert_array_equal(best_codes(problem[-1]), whole)


def test_flips_never_make_a_code_dearer_and_end_where_no_flip_helps(problem):
    start = np.random.default_rng(2).integers(0, 2, (40, 6)).astype(np.uint8)
    found = flipped_codes(problem[-1], start)
    assert (dearness(problem, found) <= dearness(problem, start) + 1e-9).all()
    for k in range(6):
        other = found.copy()
        other[:, k] ^= 1
        assert (dearness(problem, other) >= dearness(problem, found) - 1e-5).all()


def test_codes_that_are_best_already_stay(problem):
    best = best_codes(problem[-1])
    np.testing.assert_array_equal(flipped_codes(problem[-1], best), best)
    np.testing.assert_array_equal(improved_codes(problem[-1], best, 0), best)


def test_the_relaxed_solution_is_the_least_in_the_cube(problem):
    rows, codewords, offset, said, mu, cost = problem
    relaxed = relaxed_codes(cost)
    assert (relaxed.min(), relaxed.max()) >= (0, 0)
    assert relaxed.max() <= 1

    def loss(z, row):
        residual = rows[row] - offset - z @ codewords
        return residual @ residual + mu * np.square(z - said[row]).sum()

    for row in range(5):
        best = minimize(loss, np.full(6, 0.5), args=(row,), bounds=[(0, 1)] * 6, tol=1e-12)
        assert loss(relaxed[row], row) == pytest.approx(best.fun, rel=1e-3, abs=1e-3)


def test_rounding_is_not_needed_at_a_corner(problem):
    best = best_codes(problem[-1])
    found = rounded_codes(problem[-1], best.astype(np.float64))
    np.testing.assert_array_equal(found, best)


def test_improved_codes_are_never_dearer_and_nearly_as_good_as_the_best(problem):
    start = np.random.default_rng(3).integers(0, 2, (40, 6)).astype(np.uint8)
    least = dearness(problem, best_codes(problem[-1]))
    exact = dearness(problem, improved_codes(problem[-1], start, 10))
    np.testing.assert_allclose(exact, least, rtol=1e-6)
    found = dearness(problem, improved_codes(problem[-1], start, 0))
    assert (found <= dearness(problem, start) + 1e-9).all()
    assert (found <= least * 1.001).mean() > 0.8


def test_a_high_price_of_differing_gives_what_the_encoder_says():
    rng = np.random.default_rng(0)
    rows, codewords = rng.normal(size=(30, 5)).astype(np.float32), rng.normal(size=(12, 5))
    said = rng.integers(0, 2, (30, 12)).astype(np.uint8)
    cost = code_cost(rows, said, codewords, np.zeros(5), 1e3)
    start = rng.integers(0, 2, (30, 12)).astype(np.uint8)
    np.testing.assert_array_equal(improved_codes(cost, start, 0), said)
    np.testing.assert_array_equal(best_codes(cost), said)


def test_equally_cheap_bits_stay_as_they_are():
    rows = np.zeros((4, 3), np.float32)
    said = np.array([[0, 1], [1, 0], [1, 1], [0, 0]], np.uint8)
    cost = code_cost(rows, said, np.zeros((2, 3)), np.zeros(3), 0.0)
    np.testing.assert_array_equal(improved_codes(cost, said, 0), said)
