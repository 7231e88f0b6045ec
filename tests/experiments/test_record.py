from __future__ import annotations

import json

import pytest

from quantal.errors import FileFormatError
from quantal.experiments import CLUSTERING_RECORDS
from quantal.experiments.seed_result import run_of


@pytest.fixture
def record(recipe_of, record_of):
    return record_of(recipe_of(), [0.7, 0.8])


def test_a_record_survives_the_disk(record, tmp_path):
    CLUSTERING_RECORDS.save(record, tmp_path / "a" / "r.json")
    assert CLUSTERING_RECORDS.load(tmp_path / "a" / "r.json") == record
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["r.json"]


def test_sweep_values_that_are_lists_survive_too(recipe_of, record_of, tmp_path):
    record = record_of(recipe_of(), [0.5, 0.6], values=[[5, 5], [20, 20]])
    CLUSTERING_RECORDS.save(record, tmp_path / "r.json")
    assert CLUSTERING_RECORDS.load(tmp_path / "r.json").result(run_of(0, (20, 20))).accuracy == 0.6


def test_a_failed_write_leaves_the_old_file_and_no_other(record, tmp_path):
    CLUSTERING_RECORDS.save(record, tmp_path / "r.json")
    broken = record.with_result(record.results[0], {"bad": float("nan")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        CLUSTERING_RECORDS.save(broken, tmp_path / "r.json")
    assert CLUSTERING_RECORDS.load(tmp_path / "r.json") == record
    assert len(list(tmp_path.iterdir())) == 1


def test_merging_keeps_ours_and_adds_what_is_missing(recipe_of, record_of):
    ours, theirs = record_of(recipe_of(), [0.7]), record_of(recipe_of(), [0.1, 0.2])
    assert [r.accuracy for r in ours.merged(theirs).results] == [0.7, 0.2]


def test_merging_ignores_another_recipe(recipe_of, record_of):
    ours = record_of(recipe_of(), [0.7])
    assert ours.merged(record_of(recipe_of(n_clusters=4), [0.1, 0.2])) is ours


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(schema=99), "is not a record of schema 1. Delete it"),
        (lambda v: v["results"][0].update(accuracy=98.4), "a score of seed 0 is out of range"),
        (lambda v: v["results"][0].update(seconds=-1), "the seconds of seed 0 are -1"),
        (lambda v: v["results"].append(v["results"][0]), "a run appears twice"),
        (lambda v: v.update(environments={}), "seed 0 names the unknown environment 'abc'"),
        (lambda v: v.pop("results"), "is not a valid record: 'results'"),
        (lambda v: v.update(extra=1), "unexpected keyword argument 'extra'"),
    ],
)
def test_a_record_that_cannot_be_true_is_refused(record, tmp_path, change, message):
    path = tmp_path / "r.json"
    CLUSTERING_RECORDS.save(record, path)
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    with pytest.raises(FileFormatError, match=message):
        CLUSTERING_RECORDS.load(path)


def test_a_truncated_record_is_refused(record, tmp_path):
    path = tmp_path / "r.json"
    CLUSTERING_RECORDS.save(record, path)
    path.write_text(path.read_text()[:100])
    with pytest.raises(FileFormatError, match="is not valid JSON"):
        CLUSTERING_RECORDS.load(path)
