from __future__ import annotations

import json
import os

import numpy as np
import pytest

from quantal.data import named
from quantal.errors import DataError, QuantalWarning
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


@pytest.mark.data
def test_the_papers_construction_of_20news_leaves_18042_posts():
    folder = os.environ.get("QUANTAL_DATA")
    if not folder or named.locate(named.find("20news"), folder) is None:
        pytest.skip("QUANTAL_DATA does not name a folder with the 20news posts")
    dataset = open_features("name:20news", data_dir=folder)
    assert dataset.x.shape == (18_042, 2000)
    assert len(dataset.skipped) == 18_846 - 18_042
    assert len(named.labels("20news", folder, ids=dataset.ids)) == 18_042
