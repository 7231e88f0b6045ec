from __future__ import annotations

import json

import pytest
from PIL import Image

import quantal as library
from quantal import catalog
from quantal.cli.reproduce import parse_seeds
from quantal.errors import ParameterError

RECIPE = """title = "Linear RIM"
method = "rim"
dataset = "digits"
n_clusters = 3
seeds = [0, 1]
data = { limit = 60, scaling = "unit" }
params = { n_epochs = 2 }
"""


@pytest.fixture
def quick_build(monkeypatch):
    build = catalog.build

    def quick(method, **parameters):
        return build(method, n_epochs=2, n_init=1, hidden_layer_sizes=(8,), **parameters)

    monkeypatch.setattr(catalog, "build", quick)


def test_the_demo_compares_with_k_means_and_leaves_model_labels_and_picture(
    quantal, folder, quick_build
):
    result = quantal("demo", "--out", "here")
    assert result.status == 0, result.err
    for word in ("k-means", "IMSAT", "accuracy", "quantal evaluate here/labels.parquet"):
        assert word in result.out
    assert sorted(p.name for p in (folder / "here").iterdir()) == [
        "clusters.png",
        "labels.parquet",
        "model",
    ]
    assert Image.open("here/clusters.png").width > 400
    assert library.load("here/model").reader_["image_size"] == [8, 8]
    suggested = [line.split()[1:] for line in result.out.splitlines() if "  quantal " in line]
    assert [quantal(*words).status for words in suggested[:2]] == [0, 0]
    assert quantal("demo", "--out", "here", "-q").out == ""


def test_the_demo_refuses_a_file_as_its_folder(quantal, folder):
    (folder / "here").write_text("mine")
    result = quantal("demo", "--out", "here")
    assert (result.status, "is a file. Name a folder" in result.message) == (2, True)


@pytest.fixture
def recipes(folder):
    (folder / "recipes/doe2020").mkdir(parents=True)
    (folder / "recipes/doe2020/digits.toml").write_text(RECIPE)
    return ("--recipes", "recipes", "--records", "out/records")


def test_recipes_are_listed_run_recorded_and_tabled(quantal, folder, recipes):
    assert "doe2020/digits  Linear RIM  digits      2" in quantal("reproduce", *recipes).out
    result = quantal("reproduce", "digits", "--seeds", "1", *recipes)
    assert result.status == 0, result.err
    record = json.loads((folder / "out/records/doe2020/digits.json").read_text())
    assert "doe2020/digits" in (folder / "out/RESULTS.md").read_text()
    assert record
    assert quantal("reproduce", "--tables", *recipes).status == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("digit",), "digits"),
        (("digits", "--seeds", "a"), "--seeds wants whole numbers"),
        (("digits", "--tables"), "--tables runs nothing"),
    ],
)
def test_wrong_calls_are_refused_before_anything_runs(quantal, folder, recipes, arguments, words):
    result = quantal("reproduce", *arguments, *recipes)
    assert result.status == 2
    assert words in result.message
    assert not (folder / "out").exists()


def test_a_folder_without_recipes_says_where_they_are(quantal, folder):
    assert "holds no recipe" in quantal("reproduce").message


@pytest.mark.parametrize(
    ("text", "seeds"), [(None, None), ("3", [3]), ("0,2", [0, 2]), ("0-2, 7", [0, 1, 2, 7])]
)
def test_seeds_are_lists_or_ranges(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "3-1"])
def test_what_is_no_seed_is_refused(text):
    with pytest.raises(ParameterError, match="--seeds"):
        parse_seeds(text)
