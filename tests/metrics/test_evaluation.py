from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from quantal.errors import ParameterError
from quantal.metrics import (
    adjusted_rand_index,
    clustering_accuracy,
    evaluate_clustering,
    normalized_mutual_information,
    purity,
)

RNG = np.random.default_rng(1)
TRUE = RNG.integers(0, 3, 300)
PRED = np.where(RNG.random(300) < 0.7, (TRUE + 1) % 3, RNG.integers(0, 3, 300))

SLOW = {
    "accuracy": clustering_accuracy,
    "nmi_arithmetic": normalized_mutual_information,
    "nmi_geometric": lambda t, p: normalized_mutual_information(t, p, average="geometric"),
    "ari": adjusted_rand_index,
    "purity": purity,
}


@pytest.mark.parametrize("name", SLOW)
def test_each_value_is_that_of_the_single_function(name):
    scores = evaluate_clustering(TRUE, PRED, n_resamples=0)
    assert getattr(scores, name) == SLOW[name](TRUE, PRED)
    assert scores.intervals == {}


@pytest.mark.parametrize("name", SLOW)
def test_the_interval_agrees_with_resampling_rows_one_by_one(name):
    rng = np.random.default_rng(2)
    rows = (rng.integers(0, 300, 300) for _ in range(800))
    resampled = np.array([SLOW[name](TRUE[r], PRED[r]) for r in rows])
    shift = SLOW[name](TRUE, PRED) - resampled.mean()
    low, high = np.percentile(resampled, [2.5, 97.5]) + shift
    scores = evaluate_clustering(TRUE, PRED, n_resamples=4000)
    # The percentile of 800 draws wanders by about a tenth of the interval's width.
    assert scores.intervals[name] == pytest.approx((low, high), abs=0.1 * (high - low))


def test_the_interval_does_not_depend_on_how_many_tables_fit_at_once(monkeypatch):
    whole = evaluate_clustering(TRUE, PRED, n_resamples=50)
    monkeypatch.setattr("quantal.metrics.evaluation._CELLS_AT_ONCE", 9 * 7)
    assert evaluate_clustering(TRUE, PRED, n_resamples=50) == whole


def test_the_same_labels_give_the_same_interval_and_leave_global_randomness_alone():
    before = np.random.get_state()[1].copy()
    first = evaluate_clustering(TRUE, PRED, n_resamples=20)
    assert first == evaluate_clustering(TRUE, PRED, n_resamples=20)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_another_generator_draws_other_resamples():
    other = evaluate_clustering(TRUE, PRED, n_resamples=20, generator=np.random.default_rng(9))
    assert other.intervals != evaluate_clustering(TRUE, PRED, n_resamples=20).intervals


def test_a_perfect_clustering_has_an_interval_of_no_width():
    assert evaluate_clustering(TRUE, TRUE).intervals["accuracy"] == (1.0, 1.0)


def test_the_interval_holds_the_value_even_where_resampling_inflates_the_score():
    pred = RNG.integers(0, 60, 300)
    scores = evaluate_clustering(RNG.integers(0, 60, 300), pred, n_resamples=50)
    for name, (low, high) in scores.intervals.items():
        assert low < getattr(scores, name) < high


def test_rows_without_truth_are_counted_and_still_sized():
    scores = evaluate_clustering([0, 0, 1, -1], ["a", "a", "b", "c"], n_resamples=10)
    assert (scores.n_rows, scores.n_without_truth, scores.n_classes) == (3, 1, 2)
    assert scores.cluster_sizes == {"a": 2, "b": 1, "c": 1}
    assert scores.accuracy == 1.0


def test_the_text_names_both_means_and_the_sizes():
    text = evaluate_clustering([0, 0, 1, -1], [1, 1, 0, 0], n_resamples=10).text()
    assert "accuracy (Hungarian)    1.0000  [1.0000, 1.0000]" in text
    assert "NMI (arithmetic mean)" in text and "NMI (geometric mean)" in text
    assert "3 rows, 2 clusters, 2 classes" in text
    assert "1 rows without a true label were left out" in text
    assert text.endswith("cluster sizes  0: 2, 1: 2")


def test_an_index_just_below_chance_is_written_without_a_sign():
    scores = evaluate_clustering(TRUE, PRED, n_resamples=0)
    text = dataclasses.replace(scores, ari=-1e-6).text()
    assert "adjusted Rand index     0.0000" in text


def test_the_dictionary_survives_json():
    scores = evaluate_clustering(TRUE, PRED, n_resamples=10).as_dict()
    assert json.loads(json.dumps(scores)) == scores


def test_a_negative_number_of_resamples_is_refused():
    with pytest.raises(ParameterError, match="n_resamples must be an integer in"):
        evaluate_clustering([0], [0], n_resamples=-1)
