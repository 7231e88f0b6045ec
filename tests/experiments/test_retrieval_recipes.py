"""Recipes of hash codes: the split, both protocols, records and tables."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from quantal.errors import DataError, FileFormatError, ParameterError
from quantal.experiments import (
    RETRIEVAL_RECORDS,
    query_mask,
    reproduce,
    results_markdown,
    retrieval_recipe_from_dict,
    run_retrieval,
)

TABLE = {
    "title": "Sign of the pixels",
    "method": "signs",
    "dataset": "digits",
    "n_bits": 8,
    "seeds": [0, 1],
    "queries_per_class": 5,
    "n_retrieved": 50,
    "published": {"map_trapezoid": {"mean": 0.2, "std": 0.01}},
    "source": "Nobody 2017, Table 1",
}


class Signs:
    """A hasher that remembers what it was fitted to."""

    fitted: list[int] = []  # noqa: RUF012

    def __init__(self, n_bits, random_state):
        self.n_bits, self.random_state = n_bits, random_state

    def fit(self, x):
        Signs.fitted.append(len(x))
        self.threshold = np.asarray(x).mean(axis=0)
        return self

    def transform(self, x):
        return (np.asarray(x) > self.threshold)[:, 20 : 20 + self.n_bits].astype(np.uint8)


def build(method, **parameters):
    assert method == "signs"
    Signs.fitted.clear()
    return Signs(**parameters)


def recipe_of(**changes):
    return retrieval_recipe_from_dict("hashing/signs", {**TABLE, **changes})


def test_queries_are_drawn_from_every_class_by_the_generator():
    truth = np.repeat([3, 5, 9], [20, 30, 40])
    mask = query_mask(truth, 7, np.random.default_rng(0))
    assert [int(mask[truth == c].sum()) for c in (3, 5, 9)] == [7, 7, 7]
    assert np.array_equal(mask, query_mask(truth, 7, np.random.default_rng(0)))
    assert not np.array_equal(mask, query_mask(truth, 7, np.random.default_rng(1)))


def test_a_class_too_small_for_its_queries_is_named():
    with pytest.raises(DataError, match=r"Class 1 has 4 rows, too few for 4 queries"):
        query_mask(np.repeat([0, 1], [9, 4]), 4, np.random.default_rng(0))


@pytest.mark.parametrize(("protocol", "n_rows"), [("published", 1797), ("clean", 1747)])
def test_only_the_published_protocol_trains_on_the_queries(tmp_path, protocol, n_rows):
    run_retrieval(recipe_of(protocols=[protocol], seeds=[0]), path=tmp_path / "r.json", build=build)
    assert Signs.fitted == [n_rows]


def test_finished_runs_are_kept_and_skipped(tmp_path):
    said = []
    path = tmp_path / "r.json"
    first = run_retrieval(recipe_of(), path=path, build=build)
    assert [r.run for r in first.results] == [
        (0, "clean"), (0, "published"), (1, "clean"), (1, "published"),
    ]  # fmt: skip
    again = run_retrieval(recipe_of(), path=path, build=None, progress=said.append)
    assert again == first == RETRIEVAL_RECORDS.load(path)
    assert said == ["hashing/signs: nothing to do, 4 runs are in the record"]


def test_another_split_of_queries_makes_a_new_record(tmp_path):
    path = tmp_path / "r.json"
    run_retrieval(recipe_of(seeds=[0]), path=path, build=build)
    other = run_retrieval(recipe_of(seeds=[1], queries_per_class=6), path=path, build=build)
    assert {r.seed for r in other.results} == {1}


def test_scores_are_those_of_the_codes(tmp_path):
    record = run_retrieval(
        recipe_of(seeds=[0], protocols=["clean"]), path=tmp_path / "r.json", build=build
    )
    (result,) = record.results
    assert 0.1 < result.map < 1.0  # ten classes: chance is 0.1
    assert result.n_constant_bits <= 8
    assert 0 <= result.empty_balls <= 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocols": ["dirty"]}, r"Recipe hashing/signs: protocols .*dirty"),
        ({"published": {"mapp": {"mean": 0.2}}}, r"mapp"),
        ({"published": {"map": {"mean": 20}}}, r"fraction in \[0, 1\].*Write 0.2 for 20 %"),
        ({"at_least": {"map": 81}}, r"at_least.map must be a fraction"),
        ({"n_bits": 0}, r"n_bits"),
        ({"params": {"n_bits": 4}}, r"params must not set n_bits"),
        ({"seeds": []}, r"seeds must be different"),
        ({"bits": 3}, r"has no key 'bits'"),
    ],
)
def test_a_wrong_recipe_is_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        recipe_of(**change)


def test_a_record_with_an_impossible_score_is_refused(tmp_path):
    path = tmp_path / "r.json"
    record = run_retrieval(recipe_of(seeds=[0]), path=path, build=build)
    broken = dataclasses.replace(record.results[0], map=1.5)
    RETRIEVAL_RECORDS.save(dataclasses.replace(record, results=(broken,)), path)
    with pytest.raises(FileFormatError, match="a score of seed 0 is out of range"):
        RETRIEVAL_RECORDS.load(path)


RECIPE = """
title = "Signs"
method = "signs"
dataset = "digits"
n_bits = 8
seeds = [0]
queries_per_class = 5
n_retrieved = 50
source = "Nobody 2017, Table 1"
published = { map_trapezoid = { mean = 0.2 } }
at_least = { map_trapezoid = BAR }
"""


@pytest.mark.parametrize(
    ("bar", "verdict"), [("0.01", "| reproduced |"), ("0.99", "| not reproduced |")]
)
def test_reproduce_runs_recipes_of_codes_and_shows_both_protocols(tmp_path, bar, verdict):
    recipes, records = tmp_path / "recipes", tmp_path / "records"
    (recipes / "hashing").mkdir(parents=True)
    (recipes / "hashing" / "signs.toml").write_text(RECIPE.replace("BAR", bar))
    before = results_markdown(recipes, records)
    assert "| not run |" in before
    table = tmp_path / "RESULTS.md"
    reproduce(
        ["hashing/signs"],
        recipes_dir=recipes,
        records_dir=records,
        results_path=table,
        build=build,
    )
    text = table.read_text()
    assert "## digits, codes of 8 bits" in text
    assert verdict in text
    assert "| paper's figures | 20.0 |" in text
    assert "| published |" in text
    assert "| clean |" in text
