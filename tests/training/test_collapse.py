"""Diagnosis of a collapse from sizes and entropies, without labels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from quantal.training import diagnose

FAIR = np.full(4, 0.25)


def kinds(shares, conditional, marginal, prior=FAIR):
    return [f.kind for f in diagnose(np.array(shares), conditional, marginal, np.array(prior))]


def test_even_and_confident_clusters_are_sound():
    assert kinds([0.25] * 4, 0.05, math.log(4)) == []


def test_moderately_uneven_clusters_are_sound():
    assert kinds([0.6, 0.2, 0.15, 0.05], 0.1, 1.1) == []


def test_one_cluster_for_all_rows_is_a_collapse_with_its_figures_and_remedy():
    low, dead = diagnose(np.array([1.0, 0, 0, 0]), 0.0, 0.0, FAIR)
    assert low.kind == "low marginal entropy"
    assert "is 0.00 nats where the prior has 1.39, and the largest holds 100 %" in low.message
    assert "Raise balance" in low.message
    assert dead.message.startswith("3 of 4 clusters hold fewer rows than a tenth")
    assert "(clusters 1, 2, 3). Ask for fewer clusters" in dead.message


@pytest.mark.parametrize(("share", "expected"), [(0.024, ["dead clusters"]), (0.026, [])])
def test_a_cluster_is_dead_below_a_tenth_of_its_expected_share(share, expected):
    rest = (1 - share) / 3
    assert kinds([rest, rest, rest, share], 0.0, math.log(4)) == expected


def test_a_small_cluster_that_the_prior_expects_is_alive():
    prior = [0.9, 0.05, 0.04, 0.01]
    entropy = -sum(p * math.log(p) for p in prior)
    assert kinds(prior, 0.0, entropy, prior) == []


@pytest.mark.parametrize(("conditional", "expected"), [(0.51, ["undecided"]), (0.49, [])])
def test_rows_are_undecided_above_half_the_largest_entropy(conditional, expected):
    assert kinds([0.25] * 4, conditional * math.log(4), math.log(4)) == expected


def test_a_single_cluster_cannot_collapse():
    assert kinds([1.0], 0.0, 0.0, [1.0]) == []


def test_many_dead_clusters_are_listed_briefly():
    shares = np.zeros(50)
    shares[0] = 1
    *_, dead = diagnose(shares, 0.0, 3.9, np.full(50, 0.02))
    assert "clusters 1, 2, 3, 4, 5, 6, 7, 8, ...)" in dead.message


def test_the_remedies_can_be_those_of_another_method():
    remedies = {"low marginal entropy": "Do this.", "dead clusters": "Do that.", "undecided": "!"}
    found = diagnose(np.array([1.0, 0, 0, 0]), 1.3, 0.0, FAIR, remedies)
    assert [f.message.rsplit(". ", 1)[1] for f in found] == ["Do this.", "Do that.", "!"]
