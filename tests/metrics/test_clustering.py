from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics

from quantal.errors import DataError, ParameterError
from quantal.metrics import (
    adjusted_rand_index,
    clustering_accuracy,
    match_labels,
    normalized_mutual_information,
    purity,
)

RNG = np.random.default_rng(0)
TRUE, PRED = RNG.integers(0, 7, 500), RNG.integers(0, 4, 500)
PRED[:200] = TRUE[:200] % 4


def test_accuracy_is_one_when_only_the_names_differ():
    assert clustering_accuracy([0, 0, 1, 2], ["b", "b", "c", "a"]) == 1.0


def test_accuracy_pairs_each_cluster_with_one_class_only():
    # Both clusters hold mostly class 0; only one may have it: 3 + 1 of 6 rows.
    assert clustering_accuracy([0, 0, 0, 0, 0, 1], [0, 0, 0, 1, 1, 1]) == pytest.approx(4 / 6)


def test_accuracy_takes_the_best_pairing_not_the_greedy_one():
    # Rows of the table: [4, 3] and [3, 0]; greedy takes 4 + 0, the best pairing 3 + 3.
    true = [0] * 4 + [1] * 3 + [0] * 3
    assert clustering_accuracy(true, [0] * 7 + [1] * 3) == pytest.approx(6 / 10)


@pytest.mark.parametrize(("n_pred", "n_true", "expected"), [(4, 2, 2 / 4), (2, 4, 2 / 4)])
def test_accuracy_of_a_rectangular_table_counts_the_unpaired_as_wrong(n_pred, n_true, expected):
    rows = np.arange(4)
    assert clustering_accuracy(rows % n_true, rows % n_pred) == expected


def test_accuracy_may_be_below_the_largest_class():
    assert clustering_accuracy([0] * 8 + [1] * 2, list(range(10))) == pytest.approx(0.2)


def test_match_labels_renames_clusters_and_leaves_out_the_unpaired():
    assert match_labels(["x", "x", "y", "y"], [5, 5, 3, 9]) in ({5: "x", 3: "y"}, {5: "x", 9: "y"})


def test_match_labels_agrees_with_the_accuracy():
    names = match_labels(TRUE, PRED)
    renamed = np.array([names.get(p, -1) for p in PRED])
    assert np.mean(renamed == TRUE) == pytest.approx(clustering_accuracy(TRUE, PRED))


@pytest.mark.parametrize("average", ["arithmetic", "geometric"])
def test_nmi_equals_scikit_learn(average):
    expected = sklearn.metrics.normalized_mutual_info_score(TRUE, PRED, average_method=average)
    assert normalized_mutual_information(TRUE, PRED, average=average) == pytest.approx(expected)


@pytest.mark.parametrize("average", ["arithmetic", "geometric"])
@pytest.mark.parametrize(
    ("true", "pred", "expected"),
    [([0, 0], [1, 1], 1.0), ([0, 0], [0, 1], 0.0), ([0, 1], [0, 0], 0.0), ([0, 1], [1, 0], 1.0)],
)
def test_nmi_of_trivial_partitions_is_defined(true, pred, expected, average):
    assert normalized_mutual_information(true, pred, average=average) == pytest.approx(expected)


def test_nmi_refuses_another_mean():
    with pytest.raises(ParameterError, match=r"average must be one of .*'geometric'"):
        normalized_mutual_information([0], [0], average="geometrical")


def test_the_rand_index_equals_scikit_learn():
    expected = sklearn.metrics.adjusted_rand_score(TRUE, PRED)
    assert adjusted_rand_index(TRUE, PRED) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("pred", [np.zeros(70_000, int), np.arange(70_000)])
def test_the_rand_index_of_a_trivial_partition_with_itself_is_one(pred):
    assert adjusted_rand_index(pred[:3000], pred[:3000]) == 1.0
    if not pred.any():
        assert adjusted_rand_index(pred, pred) == 1.0


def test_purity_is_the_share_of_the_commonest_class():
    assert purity([0, 0, 1, 1, 1, 2], [0, 0, 0, 1, 1, 1]) == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    "true",
    [[0, 0, -1, 1], np.array([0, 0, np.nan, 1]), ["a", "a", "", "b"], ["a", "a", None, "b"]],
)
def test_rows_without_truth_are_left_out(true):
    assert clustering_accuracy(true, [1, 1, 0, 0]) == 1.0


def test_minus_one_is_a_cluster_like_any_other_in_the_prediction():
    assert clustering_accuracy([0, 0, 1, 1], [-1, -1, 0, 0]) == 1.0


def test_lists_of_unequal_length_are_refused_with_both_lengths():
    with pytest.raises(DataError, match=r"labels_true has 3 labels and labels_pred has 2;"):
        clustering_accuracy([0, 1, 2], [0, 1])


@pytest.mark.parametrize(
    ("true", "pred", "message"),
    [
        ([], [], "labels_true is empty"),
        ([-1, -1], [0, 1], "no class for any of its 2 rows"),
        ([0, 1], [0, None], r"labels_pred has no value in 1 of 2 rows.*Drop those rows"),
        ([0, 1], [0.5, 1.0], r"labels_pred must hold integers or strings, got 0.5"),
        ([[0, 1]], [0, 1], r"shape \(1, 2\).*argmax"),
        (np.array([0, "a"], dtype=object), [0, 1], "labels_true mixes strings and numbers"),
        (np.array([0j, 1j]), [0, 1], "values of type complex128"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused_with_the_reason(true, pred, message):
    with pytest.raises(DataError, match=message):
        clustering_accuracy(true, pred)
