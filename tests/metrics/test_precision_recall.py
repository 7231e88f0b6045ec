from __future__ import annotations

import itertools

import numpy as np
import pytest

from quantal.errors import DataError, ParameterError
from quantal.metrics import (
    DistanceHistograms,
    exact_neighbors,
    neighbor_histograms,
    precision_at,
    precision_within,
    recall_at,
)

# Ties of 2, 3 and 3 items that hold 1, 2 and 1 relevant ones; nothing at distance 3.
TOY = DistanceHistograms(np.array([[2, 3, 3, 0]]), np.array([[1, 2, 1, 0]]), n_bits=3)
GROUPS = ([1, 0], [1, 1, 0], [1, 0, 0])


@pytest.fixture(scope="module")
def searched():
    """True neighbours of Gaussian rows, searched by the signs of 12 projections."""
    rng = np.random.default_rng(0)
    rows, queries, planes = (rng.normal(size=s) for s in ((900, 8), (60, 8), (8, 12)))
    codes, asked = (np.packbits(x @ planes > 0, axis=1, bitorder="little") for x in (rows, queries))
    return neighbor_histograms(codes, asked, exact_neighbors(rows, queries, 10), n_bits=12)


def found_in_every_order(n):
    """Relevant items among the first n, for every order of the ties of TOY."""
    orders = itertools.product(*(itertools.permutations(group) for group in GROUPS))
    return [sum(list(itertools.chain(*order))[:n]) for order in orders]


@pytest.mark.parametrize("n", range(1, 9))
def test_precision_is_the_mean_over_all_orders(n):
    assert precision_at(TOY, n) == pytest.approx(np.mean(found_in_every_order(n)) / n)


@pytest.mark.parametrize("n", range(1, 9))
@pytest.mark.parametrize(("ties", "over"), [("expected", np.mean), ("best", max), ("worst", min)])
def test_recall_is_that_over_all_orders(n, ties, over):
    assert recall_at(TOY, n, ties=ties) == pytest.approx(over(found_in_every_order(n)) / 4)


def test_precision_within_a_radius_counts_both_borders():
    assert precision_within(TOY, 0) == (0.5, 0.0)
    assert precision_within(TOY, 1) == (0.6, 0.0)
    assert precision_within(TOY, 3).precision == 0.5


def test_an_empty_ball_scores_zero_and_stays_in_the_mean():
    h = DistanceHistograms(np.array([[2, 0, 2], [0, 0, 4]]), np.array([[2, 0, 0], [0, 0, 4]]), 2)
    result = precision_within(h, 1)
    assert result.precision == 0.5
    assert result.empty_fraction == 0.5


def test_a_query_without_relevant_codes_lowers_precision_and_is_left_out_of_recall():
    h = DistanceHistograms(np.array([[2, 2], [2, 2]]), np.array([[2, 0], [0, 0]]), 1)
    assert precision_at(h, 2) == 0.5
    assert precision_within(h, 0) == (0.5, 0.0)
    assert recall_at(h, 2) == 1.0


@pytest.mark.parametrize("n", [1, 10, 100, 899])
def test_every_order_lies_between_worst_and_best(searched, n):
    values = [recall_at(searched, n, ties=t) for t in ("worst", "by_id", "best")]
    assert values == sorted(values)
    assert values[0] <= recall_at(searched, n) <= values[2]


def test_the_order_by_id_agrees_with_the_expectation_over_shuffled_galleries():
    rng = np.random.default_rng(1)
    codes, asked = (rng.integers(0, 16, (n, 1), dtype=np.uint8) for n in (200, 30))
    truth = np.stack([rng.permutation(200)[:5] for _ in range(30)])
    expected = recall_at(neighbor_histograms(codes, asked, truth, n_bits=4), 40)
    values = []
    for _ in range(200):
        order = rng.permutation(200)  # the code now at place i was at place order[i]
        moved = np.argsort(order)[truth]
        h = neighbor_histograms(codes[order], asked, moved, n_bits=4)
        values.append(recall_at(h, 40, ties="by_id"))
    standard_error = np.std(values) / np.sqrt(200)
    assert np.mean(values) == pytest.approx(expected, abs=4 * standard_error)


@pytest.mark.parametrize("ties", ["expected", "best", "worst", "by_id"])
def test_the_whole_gallery_holds_everything(searched, ties):
    assert recall_at(searched, 900, ties=ties) == 1.0


def test_by_id_needs_ranks():
    with pytest.raises(ParameterError, match=r"ties='by_id' needs the rank.*neighbor_histograms"):
        recall_at(TOY, 3, ties="by_id")


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (lambda: precision_at(TOY, 9), r"n must be at most 8, the size of the gallery, got 9\."),
        (lambda: recall_at(TOY, 9), "n must be at most 8"),
        (lambda: precision_at(TOY, 0), "n must be an integer in"),
        (lambda: precision_within(TOY, 4), r"radius must be an integer in \[0, 3\], got 4"),
        (lambda: precision_within(TOY, -1), r"radius must be an integer in \[0, 3\], got -1"),
        (lambda: recall_at(TOY, 3, ties="id"), "ties must be one of 'expected', 'best', 'worst'"),
    ],
)
def test_depths_and_rules_that_do_not_exist_are_refused(score, message):
    with pytest.raises(ParameterError, match=message):
        score()


def test_recall_without_any_relevant_code_is_an_error():
    h = DistanceHistograms(np.array([[1, 2]]), np.array([[0, 0]]), 1)
    with pytest.raises(DataError, match="recall are not defined"):
        recall_at(h, 1)
