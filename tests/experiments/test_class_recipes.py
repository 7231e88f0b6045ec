"""Recipes of classes: the split, the clustering below, records and tables."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from quantal.data.named_sets import NAMED
from quantal.errors import FileFormatError, ParameterError
from quantal.experiments import (
    CLASS_RECORDS,
    class_recipe_from_dict,
    class_split,
    load_recipe,
    load_rows,
    load_truth,
    reproduce,
    results_markdown,
    run_classes,
)

TEACHER = """title = "IIC"
method = "iic"
dataset = "digits"
n_clusters = 10
seeds = [3]
data = { limit = 200 }
[params]
image_shape = [8, 8]
n_epochs = 1
n_init = 1
"""
PUPIL = """kind = "classes"
title = "After IIC"
learned_by = "doe/teacher"
dataset = "digits"
n_train = 1500
train_limit = 300
variants = ["FC", "pre-trained"]
seeds = [0, 1]
n_epochs = 1
learning_rate = 0.002
source = "Nobody 2019, Table 4"
published = { FC = 0.754 }
departures = ["Digits instead of photographs"]
"""
TABLE = {
    "title": "After IIC",
    "learned_by": "doe/teacher",
    "dataset": "digits",
    "variants": ["FC"],
    "n_train": 1500,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "benchmarks" / "recipes" / "doe"
    place.mkdir(parents=True)
    (place / "teacher.toml").write_text(TEACHER)
    (place / "pupil.toml").write_text(PUPIL)
    return place


def recipe_of(**changes):
    return class_recipe_from_dict("doe/pupil", {**TABLE, **changes})


def test_a_recipe_runs_is_kept_and_stands_beside_the_paper_s_number(folder, tmp_path):
    [record] = reproduce(["doe/pupil"])
    assert [r.run for r in record.results] == [
        (0, "FC"), (0, "pre-trained"), (1, "FC"), (1, "pre-trained"),
    ]  # fmt: skip
    assert all(0 <= r.accuracy <= 1 and r.loss > 0 for r in record.results)
    text = results_markdown()
    assert text.count("## Classes after clustering") == 1 and "### digits\n" in text
    [line] = [x for x in text.splitlines() if "| FC |" in x]
    mean = 100 * np.mean([r.accuracy for r in record.results if r.variant == "FC"])
    assert line.startswith("| `doe/pupil` | After IIC | `doe/teacher` | FC | 75.4 | ")
    assert f"| {mean:.1f} (" in line and line.endswith("| 1, 2 |")
    assert "2. Departure: Digits instead of photographs." in text
    assert len(list((tmp_path / "cache" / "models").iterdir())) == 2  # one clustering a seed
    said = []
    [again] = reproduce(["doe/pupil"], progress=said.append)
    assert again == record
    assert said == ["doe/pupil: nothing to do, 4 runs are in the record"]
    [anew] = reproduce(["doe/pupil"], seeds=[1], again=True)
    assert [r.accuracy for r in anew.results] == [r.accuracy for r in record.results]


def test_a_changed_clustering_makes_the_classifiers_out_of_date(folder):
    before = load_recipe(folder / "pupil.toml").fingerprint
    (folder / "teacher.toml").write_text(TEACHER.replace("n_epochs = 1", "n_epochs = 2"))
    assert load_recipe(folder / "pupil.toml").fingerprint != before


def test_classifiers_are_not_built_on_classifiers(folder):
    (folder / "third.toml").write_text(PUPIL.replace("doe/teacher", "doe/pupil"))
    with pytest.raises(ParameterError, match=r"learned_by names doe/pupil, whose own rows"):
        load_recipe(folder / "third.toml")


def test_the_first_rows_are_for_training_and_the_others_for_the_test():
    recipe = recipe_of(train_limit=90)
    split = class_split(recipe)
    data = load_rows(recipe)
    truth = load_truth(recipe, data)
    assert split.train.shape == (90, 64) and split.test.shape == (297, 64)
    np.testing.assert_array_equal(split.test, data.rows[1500:])
    np.testing.assert_array_equal(split.test_labels, truth[1500:])
    rows = [int(np.flatnonzero((data.rows == row).all(axis=1))[0]) for row in split.train]
    assert max(rows) < 1500 and rows == sorted(set(rows))
    np.testing.assert_array_equal(split.train_labels, truth[rows])
    np.testing.assert_array_equal(split.train, class_split(recipe).train)


def test_named_sets_say_how_many_rows_are_for_training():
    assert {n: e.n_train for n, e in NAMED.items() if e.n_train} == {
        "mnist": 60000, "cifar10": 50000, "svhn": 73257, "usps": 7291,
    }  # fmt: skip


def test_a_split_that_cannot_be_is_named():
    with pytest.raises(ParameterError, match=r"doe/pupil: digits has no published split; say with"):
        class_split(recipe_of(n_train=None))
    with pytest.raises(ParameterError, match=r"n_train = 1797 leaves no test rows of 1797"):
        class_split(recipe_of(n_train=1797))


def test_only_recipes_of_clusters_can_be_built_on(folder, tmp_path):
    text = TEACHER.partition("[params]")[0].replace('"iic"', '"graph-degree-linkage"')
    (folder / "teacher.toml").write_text(text)
    recipe = load_recipe(folder / "pupil.toml")
    with pytest.raises(ParameterError, match=r"learned_by names doe/teacher, .* embeds no rows"):
        run_classes(recipe, path=tmp_path / "r.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variants": ["fc"]}, r"Recipe doe/pupil: variants must be one of .*got 'fc'"),
        ({"variants": []}, r"variants must be different"),
        ({"published": {"FC": 75.4}}, r"published.FC must be a fraction.*Write 0.754 for 75.4 %"),
        ({"published": {"Fc": 0.7}}, r"variants must be one of .*got 'Fc'"),
        ({"data": {"limit": 50}}, r"data.limit changes which rows .* Use train_limit"),
        ({"n_epochs": 0}, r"n_epochs"),
        ({"learning_rate": -1.0}, r"learning_rate"),
        ({"seeds": [1, 1]}, r"seeds must be different"),
        ({"epochs": 3}, r"has no key 'epochs'"),
    ],
)
def test_a_wrong_recipe_of_classes_is_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        recipe_of(**change)


def test_texts_and_seeds_change_no_fingerprint():
    assert recipe_of(title="A", seeds=[7]).fingerprint == recipe_of().fingerprint
    assert recipe_of(n_epochs=5).fingerprint != recipe_of().fingerprint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"accuracy": 1.5}, "an accuracy of seed 0 is out of range"),
        ({"variant": "Z"}, "seed 0 has the variant 'Z'"),
        ({"environment": "x"}, "seed 0 names the unknown environment 'x'"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(folder, tmp_path, change, message):
    path = tmp_path / "r.json"
    recipe = dataclasses.replace(
        load_recipe(folder / "pupil.toml"), variants=("FC",), seeds=(0,), train_limit=100
    )
    record = run_classes(recipe, path=path)
    assert CLASS_RECORDS.load(path) == record
    broken = dataclasses.replace(record.results[0], **change)
    CLASS_RECORDS.save(dataclasses.replace(record, results=(broken,)), path)
    with pytest.raises(FileFormatError, match=message):
        CLASS_RECORDS.load(path)
