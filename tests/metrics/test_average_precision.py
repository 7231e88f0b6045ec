from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import sklearn.metrics

from quantal.errors import DataError, ParameterError
from quantal.metrics import DistanceHistograms, mean_average_precision
from quantal.metrics.average_precision import average_precisions, reciprocal_sums

RNG = np.random.default_rng(0)
TOY = DistanceHistograms(np.array([[2, 3, 3]]), np.array([[1, 2, 1]]), n_bits=2)


def histograms_of(distances, relevant, n_bits):
    """Histograms of rankings given as distances and relevance, (q, n) each."""
    cells = [distances == d for d in range(n_bits + 1)]
    everything = np.stack([c.sum(axis=1) for c in cells], axis=1)
    return DistanceHistograms(
        everything, np.stack([(c & relevant).sum(axis=1) for c in cells], axis=1), n_bits
    )


def orders(distances, relevant):
    """Relevance down the ranking, for every order of the tied items."""
    groups = [relevant[distances == d] for d in np.unique(distances)]
    for parts in itertools.product(*(itertools.permutations(g) for g in groups)):
        yield np.concatenate([np.array(p, bool) for p in parts])


def precision_sum(ranking, depth):
    hits = np.cumsum(ranking)
    return sum(hits[i] / (i + 1) for i in range(depth) if ranking[i])


@pytest.fixture(scope="module")
def many():
    """Distances and relevance of 40 queries over 300 items, and their histograms."""
    distances = RNG.binomial(16, 0.3, (40, 300))
    relevant = RNG.random((40, 300)) < 0.5 / (1 + distances)
    return distances, relevant, histograms_of(distances, relevant, 16)


def test_the_three_rules_on_a_ranking_one_can_count():
    # Ties of 2, 3 and 3 items hold 1, 2 and 1 relevant ones.
    step = 1 / 4 * 1 / 2 + 2 / 4 * 3 / 5 + 1 / 4 * 4 / 8
    points = [1, 1 / 2, 3 / 5, 4 / 8]
    gains = [1 / 4, 2 / 4, 1 / 4]
    trapezoid = sum(g * (a + b) / 2 for g, a, b in zip(gains, points, points[1:], strict=False))
    assert mean_average_precision(TOY, ties="step") == pytest.approx(step) == pytest.approx(0.55)
    assert mean_average_precision(TOY, ties="trapezoid") == pytest.approx(trapezoid)
    assert mean_average_precision(TOY) == pytest.approx(0.648, abs=5e-4)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("at", [None, 1, 3, 5, 8])
def test_the_expectation_is_the_mean_over_all_orders(seed, at):
    rng = np.random.default_rng(seed)
    distances = np.sort(rng.integers(0, 3, 8))
    relevant = rng.random(8) < 0.5
    relevant[seed] = True
    depth = at or 8
    sums = [precision_sum(r, depth) for r in orders(distances, relevant)]
    h = histograms_of(distances[None], relevant[None], 3)
    expected = np.mean(sums) / min(relevant.sum(), depth)
    assert mean_average_precision(h, at=at) == pytest.approx(expected, abs=1e-12)


def test_step_is_what_scikit_learn_computes(many):
    distances, relevant, h = many
    expected = [
        sklearn.metrics.average_precision_score(r, 1 / (1 + d))
        for d, r in zip(distances, relevant, strict=True)
    ]
    np.testing.assert_allclose(average_precisions(h, ties="step"), expected, atol=1e-12)


def test_trapezoid_is_the_area_under_scikit_learns_curve(many):
    distances, relevant, h = many
    expected = []
    for d, r in zip(distances, relevant, strict=True):
        precision, recall, _ = sklearn.metrics.precision_recall_curve(r, 1 / (1 + d))
        expected.append(sklearn.metrics.auc(recall, precision))
    np.testing.assert_allclose(average_precisions(h, ties="trapezoid"), expected, atol=1e-12)


def test_without_ties_the_expectation_is_the_step_sum():
    relevant = RNG.random((5, 65)) < 0.3
    h = DistanceHistograms(np.ones((5, 65), int), relevant.astype(int), 64)
    np.testing.assert_allclose(average_precisions(h), average_precisions(h, ties="step"))


@pytest.mark.parametrize("ties", ["expected", "trapezoid", "step"])
def test_all_relevant_first_is_perfect(ties):
    h = DistanceHistograms(np.array([[7, 0, 5]]), np.array([[7, 0, 0]]), 2)
    assert mean_average_precision(h, ties=ties) == pytest.approx(1.0, abs=1e-15)


@pytest.mark.parametrize("at", [1, 3, 7, 12])
def test_a_perfect_ranking_scores_one_at_any_depth(at):
    h = DistanceHistograms(np.array([[7, 0, 5]]), np.array([[7, 0, 0]]), 2)
    assert mean_average_precision(h, at=at) == pytest.approx(1.0, abs=1e-15)


def test_one_code_for_all_flatters_by_the_trapezoid_only():
    h = DistanceHistograms(np.array([[10_000, 0]]), np.array([[1000, 0]]), 1)
    assert mean_average_precision(h, ties="step") == pytest.approx(0.1)
    assert mean_average_precision(h, ties="trapezoid") == pytest.approx(0.55)
    assert mean_average_precision(h) == pytest.approx(0.1, abs=1e-3)


def test_one_relevant_among_a_million_ties_keeps_its_digits():
    n = 1_000_000
    h = DistanceHistograms(np.array([[n, 0]]), np.array([[1, 0]]), 1)
    harmonic = math.fsum(1 / i for i in range(1, n + 1))
    assert mean_average_precision(h) == pytest.approx(harmonic / n, rel=1e-14, abs=0)
    full = DistanceHistograms(np.array([[n, n]]), np.array([[n, 0]]), 1)
    assert mean_average_precision(full) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("start", [0, 1, 100, 127, 128, 129, 10**4, 10**9])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_reciprocal_sums_are_exact(start, count):
    exact = float(sum((Fraction(1, start + i) for i in range(1, count + 1)), Fraction(0)))
    found = reciprocal_sums(np.array([start]), np.array([count]))[0]
    # Below 128 the terms come from a table of sums up to 5.4, which has 15 digits after the point.
    assert found == pytest.approx(exact, rel=1e-15, abs=2e-15 if start < 128 else 0)


def test_the_whole_depth_is_no_depth(many):
    h = many[2]
    assert mean_average_precision(h, at=300) == mean_average_precision(h)


def test_queries_without_a_relevant_code_are_left_out():
    both = DistanceHistograms(np.array([[2, 3, 3]] * 2), np.array([[1, 2, 1], [0, 0, 0]]), 2)
    assert mean_average_precision(both) == mean_average_precision(TOY)
    assert np.isnan(average_precisions(both)).tolist() == [False, True]
    assert both.n_without_relevant == 1


def test_no_query_with_a_relevant_code_is_an_error():
    h = DistanceHistograms(np.array([[1, 2]]), np.array([[0, 0]]), 1)
    with pytest.raises(DataError, match="none of the 1 queries has a relevant code"):
        mean_average_precision(h)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ties": "trapeze"}, r"ties must be one of 'expected'.*Did you mean 'trapezoid'"),
        ({"at": 9}, "at must be at most 8, the size of the gallery, got 9"),
        ({"at": 0}, "at must be an integer in"),
        ({"at": 3, "ties": "step"}, "at=3 needs ties='expected', got ties='step'"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        mean_average_precision(TOY, **options)
