from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from quantal.errors import DataError, FileFormatError, ParameterError
from quantal.features import TfIdf

TEXTS = [
    "cats chase mice and mice chase cheese",
    "dogs chase cats",
    "the mice eat cheese, cheese and more cheese",
    "dogs sleep",
]


def test_the_closed_form_of_two_documents():
    x = TfIdf().fit_transform(["apple apple pear", "apple"], dense=True)
    pear = 1 + math.log(3 / 2)  # idf of apple, in both documents, is 1
    np.testing.assert_allclose(x[0], np.array([2, pear]) / math.hypot(2, pear), rtol=1e-6)
    np.testing.assert_allclose(x[1], [1, 0])


@pytest.mark.parametrize(
    ("construction", "sublinear", "scale"), [("default", False, 1), ("reuters", True, 2000**0.5)]
)
def test_it_equals_scikit_learn(construction, sublinear, scale):
    vectorizer = TfIdf(construction, n_words=6)
    x = vectorizer.fit_transform(TEXTS)
    counts = CountVectorizer(stop_words="english", max_features=6).fit_transform(TEXTS)
    expected = TfidfTransformer(sublinear_tf=sublinear).fit_transform(counts).toarray() * scale
    assert (x.format, x.dtype) == ("csr", np.float32)
    np.testing.assert_allclose(x.toarray(), expected, rtol=1e-6)
    np.testing.assert_array_equal(vectorizer.transform(TEXTS).toarray(), x.toarray())


def test_20news_rows_keep_their_length():
    vectorizer = TfIdf("20news")
    x = vectorizer.fit_transform(["alpha " * 10, "alpha beta " * 5], dense=True)
    beta = 1 + math.log(3 / 2)
    np.testing.assert_allclose(x[0], [1 + math.log(10), 0], rtol=1e-6)
    np.testing.assert_allclose(x[1], (1 + math.log(5)) * np.array([1, beta]), rtol=1e-6)


def test_reuters_rows_have_norm_root_2000():
    norms = np.linalg.norm(TfIdf("reuters").fit_transform(TEXTS, dense=True), axis=1)
    np.testing.assert_allclose(norms, math.sqrt(2000), rtol=1e-6)


def test_20news_drops_documents_of_fewer_than_ten_kept_words():
    texts = ["alpha " * 10, "beta " * 9, "alpha beta " * 5, "alpha " * 9 + "the and of"]
    vectorizer = TfIdf("20news")
    x = vectorizer.fit_transform(texts)
    assert vectorizer.kept_.tolist() == [True, False, True, False]
    assert x.shape == (2, 2)
    assert vectorizer.idf_[0] == 1.0  # alpha is in both documents kept
    assert vectorizer.transform(texts).shape == (4, 2)


def test_the_most_frequent_words_are_kept_and_stop_words_are_not():
    vectorizer = TfIdf(n_words=2)
    vectorizer.fit_transform(["the the the rare", "common common word word", "word common"])
    assert vectorizer.words_ == ["common", "word"]


def test_a_document_without_a_known_word_becomes_zeros():
    vectorizer = TfIdf()
    vectorizer.fit_transform(TEXTS)
    x = vectorizer.transform(["quantum", "cats", ""])
    np.testing.assert_array_equal(np.diff(x.indptr), [0, 1, 0])


def test_documents_of_stop_words_only_are_refused():
    with pytest.raises(DataError, match=r"None of the 2 documents holds a word"):
        TfIdf().fit_transform(["the and", "of"])


def test_short_documents_only_are_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"fewer than 10 of the 6 most.*Use the default"):
        TfIdf("20news").fit_transform([TEXTS[0], TEXTS[1], TEXTS[3]])


def test_an_unfitted_transform_says_what_to_do():
    with pytest.raises(DataError, match=r"Call fit_transform first"):
        TfIdf().transform(TEXTS)


def test_an_unknown_construction_is_refused():
    with pytest.raises(ParameterError, match=r"Did you mean '20news'"):
        TfIdf("20new")


def test_the_configuration_survives_json():
    vectorizer = TfIdf("reuters", n_words=5)
    x = vectorizer.fit_transform(TEXTS)
    again = TfIdf.from_config(json.loads(json.dumps(vectorizer.to_config())))
    assert again.words_ == vectorizer.words_
    np.testing.assert_array_equal(again.transform(TEXTS).toarray(), x.toarray())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": "other"}, "its schema is not"),
        ({"extra": 1}, "missing or unknown: extra"),
        ({"construction": ["default"]}, "a value that is not allowed"),
        ({"n_words": 10**9}, "a value that is not allowed"),
        ({"n_words": True}, "a value that is not allowed"),
        ({"scale": 3.0}, "scale is 3.0, not 1.0"),
        ({"words": ["a", "b"]}, "lists of one length"),
        ({"words": [], "idf": []}, "0 words"),
        ({"words": ["aa", "aa"], "idf": [1.0, 1.0]}, "there twice"),
        ({"words": ["a" * 2000], "idf": [1.0]}, "1 to 1000 characters"),
        ({"words": ["aa"], "idf": [float("nan")]}, "an idf is not a number"),
        ({"words": ["aa"], "idf": ["1"]}, "an idf is not a number"),
    ],
)
def test_a_tampered_configuration_is_refused(change, reason):
    vectorizer = TfIdf()
    vectorizer.fit_transform(TEXTS)
    with pytest.raises(FileFormatError, match=rf"vocabulary cannot be used: .*{reason}.*save"):
        TfIdf.from_config({**vectorizer.to_config(), **change})
