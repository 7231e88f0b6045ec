"""Pairs of rows as a user may pass them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from quantal.errors import DataError
from quantal.hashing.row_pairs import read_pairs

GOOD = [[0, 1, 1], [2, 3, 0], [4, 0, 1]]


@pytest.mark.parametrize(
    "pairs",
    [
        GOOD,
        np.array(GOOD, np.int32),
        np.array(GOOD, float),
        tuple(np.array(GOOD).T),
        ([0, 2, 4], [1, 3, 0], [True, False, True]),
    ],
    ids=["list", "int32", "float", "columns", "booleans"],
)
def test_rows_or_three_columns_say_the_same(pairs):
    found = read_pairs(pairs, 5)
    assert len(found) == 3
    assert (found.first.tolist(), found.second.tolist()) == ([0, 2, 4], [1, 3, 0])
    assert found.alike.tolist() == [1, 0, 1]
    assert found.fingerprint() == read_pairs(GOOD, 9).fingerprint()


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ([[0, 1]], r"three columns, got shape \(1, 2\): the third column says whether"),
        ([0, 1, 1], r"three columns, got shape \(3,\)\. Pass an \(m, 3\) array"),
        ("pairs.csv", r"three columns, got shape \(\)"),
        ([["a", "b", "c"]], "pairs must be three columns of numbers"),
        (([0, 1], [1, 2], [1]), r"must be of one length, got shapes \[\(2,\), \(2,\), \(1,\)\]"),
        (np.empty((0, 3)), "pairs are empty"),
        ([[0, 1, 1], [2, 5, 0]], "second column of pairs must hold row numbers of X from 0 to 4"),
        ([[0, 1, 1], [-1, 2, 0]], r"first column .* got -1 in pair 1 \(1 such\)"),
        ([[0, 1, 1], [1.5, 2, 0]], "got 1.5 in pair 1"),
        ([[0, 1, 1], [np.nan, 2, 0]], "got nan in pair 1"),
        ([[0, 1, 1], [3, 3, 0]], "pair 1 joins row 3 with itself"),
        ([[0, 1, 1], [2, 3, -1]], r"must be 1 \(similar\) or 0 \(not\), got -1 in pair 1. Write 0"),
        ([[0, 1, 1], [2, 3, 1]], "all 2 pairs are similar; .* for example of random rows"),
        ([[0, 1, 0]], "all 1 pairs are not similar; .* Add pairs that are similar"),
    ],
)
def test_other_forms_are_refused_with_the_remedy(pairs, text):
    with pytest.raises(DataError, match=text):
        read_pairs(pairs, 5)


def test_pairs_are_drawn_by_the_generator_and_spread_evenly():
    pairs = read_pairs((np.arange(100), np.arange(1, 101), np.arange(100) % 2), 101)
    one, other = (pairs.draw(7, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one.first, other.first)
    assert torch.equal(one.second, one.first + 1)
    assert torch.equal(one.alike, one.first % 2)
    assert pairs.spread(4).first.tolist() == [0, 33, 66, 99]
    assert len(pairs.spread(1000)) == 100
