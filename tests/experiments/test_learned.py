from __future__ import annotations

import errno

import numpy as np
import pytest

from quantal.catalog import load
from quantal.errors import DataError, ParameterError, QuantalWarning
from quantal.experiments import load_recipe, load_rows, load_truth, run_recipe
from quantal.experiments.learned import fitted_model, model_folder
from quantal.experiments.peers import build_method

TEACHER = """title = "JULE"
method = "jule"
dataset = "digits"
n_clusters = 5
seeds = [3]
data = { limit = 120 }
[params]
image_shape = [8, 8]
n_epochs = 1
n_channels = 4
n_outputs = 6
"""
PUPIL = """title = "K-means"
method = "kmeans"
dataset = "digits"
n_clusters = 10
data = { limit = 90, seed = 1, learned_by = "doe/teacher" }
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "benchmarks" / "recipes" / "doe"
    place.mkdir(parents=True)
    (place / "teacher.toml").write_text(TEACHER)
    (place / "pupil.toml").write_text(PUPIL)
    return place


def test_rows_are_embedded_by_the_network_of_the_named_recipe(folder):
    recipe = load_recipe(folder / "pupil.toml")
    data = load_rows(recipe)
    assert data.rows.shape == (90, 6) and data.rows.dtype == np.float32
    assert load_truth(recipe, data).shape == (90,)
    model = load(model_folder(load_recipe(folder / "teacher.toml"), 3))
    (folder / "pixels.toml").write_text(PUPIL.replace(', learned_by = "doe/teacher"', ""))
    pixels = load_rows(load_recipe(folder / "pixels.toml")).rows
    np.testing.assert_array_equal(data.rows, model.transform(pixels))


def test_a_kept_model_is_not_fitted_again(folder, monkeypatch):
    teacher = load_recipe(folder / "teacher.toml")
    first = fitted_model(teacher, 3)
    monkeypatch.setattr("quantal.experiments.learned.build_method", None)
    np.testing.assert_array_equal(fitted_model(teacher, 3).embeddings_, first.embeddings_)


def test_a_model_that_cannot_be_kept_is_told_and_serves_all_the_same(folder, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    teacher = load_recipe(folder / "teacher.toml")
    with pytest.warns(QuantalWarning, match=r"written \(No space.*The model is not kept"):
        assert len(fitted_model(teacher, 3).embeddings_) == 120
    assert list(model_folder(teacher, 3).parent.iterdir()) == []


def test_a_changed_teacher_makes_what_was_learned_out_of_date(folder):
    before = load_recipe(folder / "pupil.toml").fingerprint
    (folder / "teacher.toml").write_text(TEACHER.replace("n_epochs = 1", "n_epochs = 2"))
    assert load_recipe(folder / "pupil.toml").fingerprint != before


def test_rows_cannot_be_embedded_by_what_learned_from_embedded_rows(folder):
    (folder / "third.toml").write_text(PUPIL.replace("doe/teacher", "doe/pupil"))
    with pytest.raises(ParameterError, match=r"names doe/pupil, whose own rows are embedded"):
        load_recipe(folder / "third.toml")


def test_a_method_without_an_embedding_is_named(folder):
    text = TEACHER.partition("[params]")[0].replace('"jule"', '"graph-degree-linkage"')
    (folder / "teacher.toml").write_text(text)
    with pytest.raises(ParameterError, match=r"graph-degree-linkage embeds no rows\. Name one"):
        load_rows(load_recipe(folder / "pupil.toml"))


def test_the_labels_of_the_stages_are_those_of_the_kept_fit(folder, tmp_path):
    joint = (
        TEACHER.split("[params]", maxsplit=1)[0]
        .replace('"jule"', '"joint-labels"')
        .replace("limit = 120", 'limit = 120, learned_by = "doe/teacher"')
    )
    (folder / "joint.toml").write_text(joint + '[params]\nrecipe = "doe/teacher"\n')
    recipe = load_recipe(folder / "joint.toml")
    (result,) = run_recipe(recipe, records_dir=tmp_path / "records").results
    model = fitted_model(load_recipe(folder / "teacher.toml"), 3)
    wanted = np.sort(np.bincount(model.joint_labels_))[::-1]
    assert list(result.cluster_sizes) == wanted.tolist()
    with pytest.raises(DataError, match=r"has labels of 120 rows, got 7\. Name its own data set"):
        build_method("joint-labels", recipe="doe/teacher", n_clusters=5, random_state=3).fit(
            np.zeros((7, 6))
        )


def test_only_stages_have_joint_labels(folder):
    (folder / "rim.toml").write_text(
        'title = "RIM"\nmethod = "rim"\ndataset = "digits"\nn_clusters = 3\nseeds = [0]\n'
        "data = { limit = 60 }\n[params]\nn_epochs = 1\nn_init = 1\n"
    )
    model = build_method("joint-labels", recipe="doe/rim", n_clusters=3, random_state=0)
    with pytest.raises(ParameterError, match=r"doe/rim has no labels of its stages\. Name a"):
        model.fit(np.zeros((60, 64)))
