"""`quantal evaluate` of a model of hash codes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tiny_data import vectors

import quantal as library
from quantal.experiments.retrieval_run import query_mask
from quantal.metrics import evaluate_retrieval

QUICK = ("--queries-per-class", 5, "--resamples", 20)


@pytest.fixture
def truth(hasher):
    """Unseen rows of the kind behind `hasher`, and their classes."""
    np.save("new.npy", vectors(500)[300:])
    np.save("y.npy", np.arange(200) % 10)
    return np.load("y.npy")


def test_scores_are_the_librarys_for_a_seeded_split(quantal, truth):
    command = ("evaluate", "h", "new.npy", "--truth", "y.npy", *QUICK, "--seed", 3, "--json")
    result = quantal(*command)
    assert result.status == 0, result.err
    found = json.loads(result.out)
    is_query = query_mask(truth, 5, np.random.default_rng(3))
    codes = library.load("h").encode(np.load("new.npy"))
    gallery, asked = (codes[~is_query], truth[~is_query]), (codes[is_query], truth[is_query])
    scores = evaluate_retrieval(
        gallery[0], asked[0], gallery[1], asked[1], 12, n_retrieved=150, n_resamples=20
    )
    expected = json.loads(json.dumps(scores.as_dict()))
    assert {name: found[name] for name in expected} == expected
    assert (found["seed"], found["queries_per_class"]) == (3, 5)
    assert found["fitted_on_these_rows"] is False


def test_the_report_names_scores_and_split(quantal, truth):
    options = ("--precision-at", 40, "--radius", 1)
    out = quantal("evaluate", "h", "new.npy", "--truth", "y.npy", *QUICK, *options).out
    for words in ("mAP  ", "precision@40", "precision within radius 1", "(20 resamples)"):
        assert words in out
    assert "50 queries (5 random rows of each class, seed 0) among the other 150 rows" in out
    assert "fitted on these rows" not in out


def test_rows_of_the_fit_are_noticed(quantal, truth):
    np.save("y300.npy", np.arange(300) % 10)
    out = quantal("evaluate", "h", "v.npy", "--truth", "y300.npy", *QUICK).out
    assert "the model was fitted on these rows, queries included" in out


def test_a_named_set_brings_its_truth(quantal, folder):
    quantal("fit", "name:digits", "--method", "itq", "--bits", 16, "--out", "d", "-q")
    out = quantal("evaluate", "d", "name:digits", *QUICK).out
    assert "50 queries" in out
    assert "among the other 1,747 rows" in out
    assert "fitted on these rows" in out


def test_rows_without_a_class_are_left_out_and_counted(quantal, truth):
    np.save("y.npy", np.where(np.arange(200) < 10, -1, truth))
    out = quantal("evaluate", "h", "new.npy", "--truth", "y.npy", *QUICK).out
    assert "10 rows without a true label left out" in out
    assert "among the other 140 rows" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("h", "new.npy"), "add --truth FILE"),
        (("h", "new.npy", "--truth", "short.npy"), "has 200 labels and short.npy 9"),
        (("h", "new.npy", "--truth", "y.npy"), "too few for 100 queries and a gallery"),
        (
            ("h", "new.npy", "--truth", "y.npy", "--queries-per-class", 0),
            "--queries-per-class must",
        ),
        (("h", "new.npy", "--truth", "y.npy", *QUICK, "--precision-at", 151), "at most 150"),
        (("h", "new.npy", "--truth", "y.npy", *QUICK, "--radius", 13), "radius must be"),
        (("h", "new.npy", "--truth", "y.npy", "--seed", -1), "--seed must be an integer"),
        (("h", "new.npy", "--truth", "none.npy", *QUICK), "names no class for any row"),
        (("y.npy", "y.npy", "--seed", 1), "y.npy is a file of labels, but --seed concerns hash"),
    ],
)
def test_what_cannot_be_judged_is_refused(quantal, truth, arguments, words):
    np.save("short.npy", np.zeros(9, int))
    np.save("none.npy", np.full(200, -1))
    result = quantal("evaluate", *arguments)
    assert result.status == 2
    assert words in result.message
    assert result.out == ""


def test_options_of_codes_are_refused_for_clusters(quantal, model):
    np.save("y.npy", np.arange(60) % 2)
    result = quantal("evaluate", "model", "x.npy", "--truth", "y.npy", "--radius", 2)
    assert result.status == 2
    assert "model makes cluster labels, but --radius concerns hash codes" in result.message
