from __future__ import annotations

import json
import re

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.errors import DataError, ParameterError
from quantal.metrics import (
    distance_histograms,
    evaluate_retrieval,
    mean_average_precision,
    precision_at,
    precision_within,
)
from quantal.metrics.intervals import mean_interval


@pytest.fixture(scope="module")
def digits():
    """Gallery and query codes of 32 random projections of the digits, with their classes."""
    X, y = load_digits(return_X_y=True)
    planes = np.random.default_rng(0).normal(size=(64, 32))
    codes = np.packbits((X - X.mean(axis=0)) @ planes > 0, axis=1, bitorder="little")
    return codes[200:], codes[:200], y[200:], y[:200]


def test_each_value_is_that_of_the_single_function(digits):
    scores = evaluate_retrieval(*digits, n_retrieved=100, radius=3, n_resamples=0)
    h = distance_histograms(*digits)
    assert scores.map == mean_average_precision(h)
    assert scores.map_trapezoid == mean_average_precision(h, ties="trapezoid")
    assert scores.map_step == mean_average_precision(h, ties="step")
    assert scores.precision_at_n == precision_at(h, 100)
    assert (scores.precision_within_radius, scores.empty_balls) == precision_within(h, 3)
    assert (scores.n_bits, scores.n_codes, scores.n_queries) == (32, 1597, 200)
    assert scores.intervals == {}


def test_the_interval_of_a_mean_is_two_standard_errors(digits):
    scores = evaluate_retrieval(*digits, n_resamples=4000)
    values = np.random.default_rng(1).random(500)
    low, high = mean_interval(values, 4000, np.random.default_rng(2))
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(500), rel=0.05)
    for name, (low, high) in scores.intervals.items():
        assert 0 <= low <= getattr(scores, name) <= high <= 1


def test_the_interval_does_not_depend_on_how_many_draws_fit_at_once(digits, monkeypatch):
    whole = evaluate_retrieval(*digits, n_resamples=30)
    monkeypatch.setattr("quantal.metrics.intervals._DRAWS_AT_ONCE", 7 * 200)
    assert evaluate_retrieval(*digits, n_resamples=30) == whole


def test_the_same_codes_give_the_same_interval_and_leave_global_randomness_alone(digits):
    before = np.random.get_state()[1].copy()
    first = evaluate_retrieval(*digits, n_resamples=20)
    assert first == evaluate_retrieval(*digits, n_resamples=20)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    other = evaluate_retrieval(*digits, n_resamples=20, generator=np.random.default_rng(9))
    assert other.intervals != first.intervals


def test_queries_of_an_unknown_class_are_counted_and_left_out_of_map(digits):
    codes, queries, classes, asked = digits
    whole = evaluate_retrieval(codes, queries, classes, asked, n_resamples=5)
    strange = np.concatenate([asked, [99] * 50])
    more = np.concatenate([queries, queries[:50]])
    scores = evaluate_retrieval(codes, more, classes, strange, n_resamples=5)
    assert scores.n_without_relevant == 50
    assert scores.map == whole.map
    assert scores.precision_at_n == pytest.approx(whole.precision_at_n * 200 / 250)
    assert "50 queries without a relevant code are left out of mAP" in scores.text()


def test_the_text_names_depth_radius_and_rules(digits):
    text = evaluate_retrieval(*digits, n_resamples=10).text()
    for name in ("mAP  ", "trapezoid, as published", "step, as scikit-learn", "precision@500"):
        assert name in text
    assert "precision within radius 2" in text and "empty balls of radius 2" in text
    assert text.endswith("200 queries, 1597 codes of 32 bits")


def test_the_dictionary_survives_json(digits):
    scores = evaluate_retrieval(*digits, n_resamples=10).as_dict()
    assert json.loads(json.dumps(scores)) == scores


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_retrieved": 1598}, "n_retrieved must be at most 1597, the size of the gallery"),
        ({"radius": 33}, r"radius must be an integer in \[0, 32\], got 33"),
        ({"n_resamples": -1}, "n_resamples must be an integer in"),
    ],
)
def test_parameters_out_of_range_are_refused(digits, options, message):
    with pytest.raises(ParameterError, match=message):
        evaluate_retrieval(*digits, **options)


def test_classes_that_never_meet_are_an_error(digits):
    codes, queries, classes, asked = digits
    with pytest.raises(DataError, match="none of the 200 queries has a relevant code"):
        evaluate_retrieval(codes, queries, classes, asked + 10)


def test_the_examples_of_the_page_run_as_they_stand(root):
    page = (root / "docs" / "retrieval.md").read_text("utf-8")
    names = {"print": lambda *_: None}
    for block in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        exec(block, names)
    assert 0 < names["scores"].map < names["scores"].map_trapezoid
