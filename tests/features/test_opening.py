from __future__ import annotations

import json
import os

import numpy as np
import pytest

from quantal.data import named
from quantal.data.options import Options
from quantal.data.text_files import documents_dataset
from quantal.errors import DataError, ParameterError, QuantalWarning
from quantal.features import open_features

TEXTS = ["cats chase mice", "dogs chase cats", "mice eat cheese", "dogs sleep"]


def test_numbers_pass_through():
    x = np.arange(6.0).reshape(3, 2)
    assert open_features(x).x is x


def test_a_users_text_keeps_every_document_and_warns_of_empty_rows():
    with pytest.warns(QuantalWarning, match=r"1 of 5 documents hold none of the 7 known words"):
        dataset = open_features([*TEXTS, "the"])
    assert dataset.x.shape == (5, 7)
    assert dataset.skipped == ()
    assert dataset.x[[4]].nnz == 0


def test_dropped_documents_are_reported(tmp_path):
    path = tmp_path / "d.txt"
    path.write_text("alpha beta " * 6 + "\nalpha\n\n" + "beta " * 12 + "\n")
    dataset = open_features(path, text="20news")
    assert dataset.ids == ["1", "4"]
    assert dataset.skipped == ("2",)
    assert [text[:4] for text in dataset.texts] == ["alph", "beta"]


def test_the_reader_gives_new_documents_the_same_columns(tmp_path):
    dataset = open_features(TEXTS)
    reader = json.loads(json.dumps(dataset.reader))
    (tmp_path / "new.txt").write_text("cats and dogs\n")
    new = open_features(tmp_path / "new.txt", **reader)
    assert new.x.shape == (1, 7)
    assert new.reader == reader
    np.testing.assert_array_equal(open_features(TEXTS, **reader).x.toarray(), dataset.x.toarray())


def test_documents_that_look_alike_after_weighing_are_refused():
    with pytest.raises(DataError, match=r"all 2 rows are identical"):
        open_features(["cats", "the cats"])


def test_images_stay_images_unless_features_are_asked_for():
    assert open_features("name:digits").x.shape == (1797, 8, 8)
    dataset = open_features("name:digits", features="gist")
    assert (dataset.x.shape, dataset.x.dtype, dataset.kind) == ((1797, 512), np.float32, "vectors")


@pytest.mark.parametrize(("features", "width"), [("gist", 960), ("gist-512", 512)])
def test_the_reader_describes_new_images_alike(features, width):
    x = np.random.default_rng(0).random((6, 8, 9, 3))
    dataset = open_features(x, features=features)
    reader = json.loads(json.dumps(dataset.reader))
    new = open_features(x[:1] / 2, **reader)  # white stays the largest value of the first images
    assert new.x.shape == (1, width)
    assert new.reader == reader
    assert np.abs(new.x - open_features(x / 2, features=features).x[:1]).max() > 1e-4


def test_vectors_pass_to_a_model_of_described_images():
    reader = open_features("name:digits", features="gist").reader
    x = np.zeros((1, 512), np.float32)
    assert open_features(x, **reader).x is x


def test_features_of_what_are_no_images_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"array holds vectors\. Leave features out"):
        open_features(np.eye(3), features="gist")
    with pytest.raises(DataError, match=r"features describe images, but texts holds text"):
        open_features(
            documents_dataset(TEXTS, None, Options(), name="texts", what=""), features="gist"
        )
    (tmp_path / "d.txt").write_text("a b\nc d\n")
    with pytest.raises(DataError, match=r"d holds text.*'wordllama' describes texts"):
        open_features(tmp_path / "d.txt", features="gist")


def test_unknown_features_are_refused():
    with pytest.raises(ParameterError, match=r"one of None, 'eff.*Did you mean 'gist'"):
        open_features("name:digits", features="gits")


@pytest.mark.data
def test_the_papers_construction_of_20news_leaves_18042_posts():
    folder = os.environ.get("QUANTAL_DATA")
    if not folder or named.locate(named.find("20news"), folder) is None:
        pytest.skip("QUANTAL_DATA does not name a folder with the 20news posts")
    dataset = open_features("name:20news", data_dir=folder)
    assert dataset.x.shape == (18_042, 2000)
    assert len(dataset.skipped) == 18_846 - 18_042
    assert len(named.labels("20news", folder, ids=dataset.ids)) == 18_042
