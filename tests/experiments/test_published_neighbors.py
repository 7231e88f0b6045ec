"""Recall on published sets of vectors: which rows are trained on, searched and true."""

from __future__ import annotations

import numpy as np
import pytest

from quantal.errors import ParameterError
from quantal.experiments import (
    SearchData,
    load_search,
    recall_recipe_from_dict,
    run_recall,
)
from quantal.experiments.recipe_files import load_recipe
from quantal.metrics import exact_neighbors

PARTS = {"gallery": "name:sift1m", "queries": "name:sift1m:query"}
RECIPE = """
kind = "recall"
title = "ITQ"
method = "itq"
bits = [8]
seeds = [0]

[data]
title = "SIFT1M"
gallery = "name:sift1m"
queries = "name:sift1m:query"
train = "name:sift1m:learn"
n_queries = 10000
"""


@pytest.fixture
def sift(texmex):
    """SIFT1M's files with a few rows, and neighbours that only the publication can know."""
    rng = np.random.default_rng(0)
    rows = {"base": 300, "learn": 150, "query": 20}
    rows = {part: rng.integers(0, 100, (n, 128)) for part, n in rows.items()}
    for part, values in rows.items():
        folder = texmex(f"sift/sift_{part}.fvecs", values)
    truth = np.array([rng.permutation(300)[:100] for _ in range(20)])
    texmex("sift/sift_groundtruth.ivecs", truth)
    return folder, rows, truth


def true_rows(task, row):
    return task.gallery[task.neighbors[row]]


@pytest.mark.parametrize("shuffled", [False, True])
def test_published_neighbours_are_the_true_ones(sift, shuffled):
    folder, rows, truth = sift
    task = load_search(SearchData("s", **PARTS, n_queries=20, shuffled=shuffled), folder)
    assert task.neighbors.dtype == np.int64
    np.testing.assert_array_equal(true_rows(task, 3), rows["base"][truth[3]])
    np.testing.assert_array_equal(task.queries, rows["query"])
    assert task.training_rows is task.gallery


def test_drawn_queries_keep_their_own_neighbours(sift):
    folder, rows, truth = sift
    task = load_search(SearchData("s", **PARTS, n_queries=5), folder)
    asked = [int(np.flatnonzero((rows["query"] == query).all(axis=1))[0]) for query in task.queries]
    assert len(set(asked)) == 5
    for row, query in enumerate(asked):
        np.testing.assert_array_equal(true_rows(task, row), rows["base"][truth[query]])


@pytest.mark.parametrize(
    "change", [{"limit": 200}, {"first": 1}, {"metric": "inner_product"}, {"gone": True}]
)
def test_neighbours_are_computed_where_none_are_published(sift, change):
    folder, _, _ = sift
    if change.pop("gone", False):
        (folder / "sift" / "sift_groundtruth.ivecs").unlink()
    task = load_search(SearchData("s", **PARTS, n_queries=20, **change), folder)
    exact = exact_neighbors(task.gallery, task.queries, 100, change.get("metric", "l2"))
    np.testing.assert_array_equal(task.neighbors, exact)


def test_a_gallery_in_its_own_order_stays_on_the_disk(sift):
    folder, rows, _ = sift
    data = SearchData("s", **PARTS, train="name:sift1m:learn", shuffled=False)
    task = load_search(data, folder)
    assert isinstance(task.gallery, np.memmap)
    assert isinstance(task.training_rows, np.memmap)
    base = rows["base"].astype(np.float64)
    assert task.mean_error == pytest.approx(0.5 * base.var(axis=0).sum())


def test_one_file_is_a_recipe(sift, tmp_path):
    folder, rows, _ = sift
    (tmp_path / "recall").mkdir()
    (tmp_path / "recall" / "sift1m.toml").write_text(RECIPE)
    recipe = load_recipe(tmp_path / "recall" / "sift1m.toml")
    fitted = []

    class Seen:
        def __init__(self, **parameters):
            self.n_bits = parameters["n_bits"]

        def fit(self, x):
            fitted.append(np.array(x))
            return self

        def transform(self, x):
            return (x[:, : self.n_bits] > 50).astype(np.uint8)

    record = run_recall(
        recipe, path=tmp_path / "r.json", data_dir=folder, build=lambda _, **kw: Seen(**kw)
    )
    np.testing.assert_array_equal(fitted[0], rows["learn"])
    assert record.results[0].n_rows == 300


def test_a_budget_of_whole_galleries_needs_the_gallery_trained_on():
    table = {
        "title": "x",
        "method": "itq",
        "data": {"title": "s", **PARTS, "train": "name:sift1m:learn"},
        "budget": {"parameter": "n_iter", "values": [1, 2]},
    }
    with pytest.raises(ParameterError, match=r"budget\.examples must be given where data\.train"):
        recall_recipe_from_dict("recall/x", table)
