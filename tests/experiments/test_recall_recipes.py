"""Recipes of recall: rows, runs, records, tables and pictures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.errors import DataError, FileFormatError, ParameterError
from quantal.experiments import (
    RECALL_RECORDS,
    SearchData,
    SearchTask,
    judge_search,
    load_search,
    recall_recipe_from_dict,
    reproduce,
    results_markdown,
    run_recall,
)

DATA = {"title": "digits", "gallery": "name:digits", "n_queries": 50, "limit": 400}
TABLE = {"title": "Signs", "method": "signs", "data": DATA, "bits": [8, 16], "seeds": [0]}


class Signs:
    """Bits of the first pixels above their mean; ``turns`` does nothing."""

    software = {"library": "1.0"}  # noqa: RUF012

    def __init__(self, n_bits, random_state, turns=1):
        self.n_bits, self.random_state, self.turns = n_bits, random_state, turns

    def fit(self, x):
        self.threshold = x.mean(axis=0)
        return self

    def transform(self, x, flipped=0):
        return ((x > self.threshold)[:, 20 : 20 + self.n_bits] ^ flipped).astype(np.uint8)


class Rounded:
    """Codes without bits: every pixel rounded, so that decoding is exact on whole numbers."""

    def encode(self, x):
        return x.astype(np.uint8)

    def decode(self, codes):
        return codes.astype(np.float32)


class Exact:
    """An index that returns ids only, the true ones."""

    def __init__(self, ids):
        self.ids = ids

    def search(self, queries, k):
        return self.ids[:, :k]


def build(method, **parameters):
    assert method == "signs"
    return Signs(**parameters)


def recipe_of(**changes):
    return recall_recipe_from_dict("recall/signs", {**TABLE, **changes})


@pytest.fixture(scope="module")
def task():
    return load_search(SearchData(**DATA))


def test_queries_are_the_last_rows_of_a_shuffled_source():
    task = load_search(SearchData("digits", "name:digits", n_queries=97, divisor=16))
    order = np.random.default_rng(0).permutation(1797)
    rows = load_digits().data[order].astype(np.float32) / 16
    assert np.array_equal(task.gallery, rows[:1700])
    assert np.array_equal(task.queries, rows[1700:])


def test_a_protocol_may_name_its_rows(tmp_path):
    rows = np.random.default_rng(0).random((300, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", rows)
    data = SearchData("x", "x.npy", first=20, n_queries=30, shuffled=False, metric="inner_product")
    task = load_search(data, tmp_path)
    assert np.array_equal(task.gallery, rows[20:270])
    assert np.array_equal(task.queries, rows[270:])
    assert np.array_equal(task.neighbors[:, 0], (rows[270:] @ rows[20:270].T).argmax(axis=1))


def test_queries_may_have_a_source_of_their_own(tmp_path):
    rng = np.random.default_rng(0)
    base, asked = (rng.integers(0, 9, (n, 4)).astype(np.uint8) for n in (200, 40))
    np.savez(tmp_path / "s.npz", base=base, queries=asked)
    data = SearchData("s", "s.npz:base", "s.npz:queries", n_queries=40, limit=150)
    task = load_search(data, tmp_path)
    assert task.gallery.shape == (150, 4)
    assert np.array_equal(task.queries, asked)


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match=r"too few for 1797 queries and a gallery"):
        load_search(SearchData("digits", "name:digits", n_queries=1797))
    with pytest.raises(DataError, match=r"gallery has 50 rows; recall of 100 neighbours"):
        load_search(SearchData("digits", "name:digits", limit=50))


def test_codes_that_keep_everything_find_everything_both_ways(task):
    judged = judge_search(Rounded(), task, {})
    assert judged.own_error == 0
    assert judged.least_squares_error is None
    for side in (judged.symmetric, judged.asymmetric):
        assert side.by_id == {"10@10": 1.0, "10@100": 1.0, "1@100": 1.0, "100@100": 1.0}
        assert side.expected["100@100"] > 0.999  # equally distant rows share the last places
        assert side.curves["10"][:3] == pytest.approx([0.1, 0.2, 0.5])


def test_an_index_of_ids_has_an_asymmetric_column_only(task):
    judged = judge_search(Exact(task.neighbors), task, {})
    assert judged.symmetric is None
    assert judged.asymmetric.by_id["100@100"] == 1


def test_bits_that_say_all_there_is_to_say_are_searched_alike_both_ways():
    bits = np.random.default_rng(0).integers(0, 2, (300, 6)).astype(np.float32)
    task = SearchTask(bits[:250], bits[250:], np.zeros((50, 100), np.int64) + np.arange(100), "l2")
    signs = Signs(6, 0).fit(task.gallery)
    signs.transform = lambda x: x.astype(np.uint8)
    judged = judge_search(signs, task, {})
    assert judged.least_squares_error == pytest.approx(0, abs=1e-9)
    assert judged.own_error is None
    assert judged.asymmetric.expected["100@100"] == pytest.approx(
        judged.symmetric.expected["100@100"],
        abs=0.02,  # the decoder's rounding settles ties of different codes
    )


def test_one_recipe_runs_every_length_and_resumes(tmp_path):
    path, said = tmp_path / "r.json", []
    first = run_recall(recipe_of(), path=path, build=build)
    assert [r.run for r in first.results] == [(8, 0, None), (16, 0, None)]
    assert all(e["library"] == "1.0" for e in first.environments.values())
    more = run_recall(recipe_of(bits=[8, 16, 24]), path=path, build=build)
    assert more.results[:2] == first.results
    run_recall(recipe_of(), path=path, build=build, progress=said.append)
    assert said == ["recall/signs: nothing to do, 2 runs are in the record"]
    assert RECALL_RECORDS.load(path) == more


def test_a_budget_runs_every_step(tmp_path):
    budget = {"parameter": "turns", "values": [1, 4]}
    recipe = recipe_of(bits=[8], budget=budget, encoding={"flipped": 1})
    record = run_recall(recipe, path=tmp_path / "r.json", build=build)
    assert [r.step for r in record.results] == [1, 4]


def test_a_method_that_is_not_quantals_is_sent_to_the_peers(tmp_path):
    with pytest.raises(ParameterError, match=r"run by: python -m benchmarks.peers recall/signs"):
        run_recall(recipe_of(), path=tmp_path / "r.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bits": []}, r"Recipe recall/signs: bits must be different"),
        ({"bits": [8, 0]}, r"bits must be"),
        ({"params": {"n_bits": 4}}, r"params must not set n_bits"),
        ({"data": {**DATA, "metric": "cosine"}}, r"data.metric .*cosine"),
        ({"data": {**DATA, "galery": 1}}, r"galery.*gallery"),
        ({"budget": {"parameter": "turns", "values": [4, 1]}}, r"two rising numbers"),
        ({"bands": [{"score": "10@7", "n_bits": 8}]}, r"bands.score .*10@7"),
        ({"bands": [{"score": "10@10", "n_bits": 9}]}, r"bands.n_bits"),
        ({"bands": [{"score": "10@10", "n_bits": 8, "low": 1, "high": 0}]}, r"low <= high"),
        (
            {
                "bands": [{"score": "10@10", "n_bits": 8}],
                "budget": {"parameter": "turns", "values": [1, 4]},
            },
            r"bands hold one training, but budget asks for several\. Leave one of them out",
        ),
        ({"depth": 3}, r"has no key 'depth'"),
    ],
)
def test_a_wrong_recipe_is_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        recipe_of(**change)


def test_a_record_with_an_impossible_score_is_refused(tmp_path):
    path = tmp_path / "r.json"
    record = run_recall(recipe_of(bits=[8]), path=path, build=build)
    side = record.results[0].symmetric
    side.expected["10@10"] = 1.5
    RECALL_RECORDS.save(record, path)
    with pytest.raises(FileFormatError, match="a score of 8 bits, seed 0 is out of range"):
        RECALL_RECORDS.load(path)
    worse = dataclasses.replace(record.results[0], symmetric=None, mean_error=-1.0)
    RECALL_RECORDS.save(dataclasses.replace(record, results=(worse,)), path)
    with pytest.raises(FileFormatError, match="an error of 8 bits, seed 0 is negative"):
        RECALL_RECORDS.load(path)


RECIPE = """
kind = "recall"
title = "Signs"
method = "signs"
bits = [8]
seeds = [0]
data = { title = "digits", gallery = "name:digits", n_queries = 50, limit = 400 }
"""
BAND = """
[[bands]]
score = "10@100"
n_bits = 8
low = LOW
"""
STEPS = """
[budget]
parameter = "turns"
values = [1, 4]
"""


class Drawing:
    """Remembers what would be drawn."""

    def __init__(self):
        self.files, self.panels = [], []

    def CurvePanel(self, **options):
        return options

    def curves(self, plots, **_):
        self.panels.append(plots)

    def save_image(self, _, path):
        self.files.append(path.name)


@pytest.mark.parametrize(("low", "word"), [("0.1", "within its band"), ("0.99", "outside")])
def test_reproduce_writes_one_table_a_length_and_draws_curves(tmp_path, low, word):
    folder, records = tmp_path / "recipes" / "recall", tmp_path / "records"
    folder.mkdir(parents=True)
    (folder / "signs.toml").write_text(RECIPE + BAND.replace("LOW", low))
    (folder / "steps.toml").write_text(RECIPE + STEPS)
    assert "| not run |" in results_markdown(folder, records)
    drawing = Drawing()
    reproduce(
        ["signs", "steps"],
        recipes_dir=folder,
        records_dir=records,
        figures_dir=tmp_path / "figures",
        results_path=tmp_path / "RESULTS.md",
        build=build,
        drawing=drawing,
    )
    text = (tmp_path / "RESULTS.md").read_text()
    assert "### digits, 8 bits" in text
    assert f"| {word} |" in text
    assert "The mean of these 400 rows alone has the error" in text
    assert "| `recall/steps` Signs, bits | 400 | 1,600 |" in text
    assert drawing.files == [
        "digits-symmetric.png", "digits-asymmetric.png", "digits-reconstruction.png",
    ]  # fmt: skip
    (panel,) = drawing.panels[2]
    assert panel["series"]["Signs"][0] == [400.0, 1600.0]
