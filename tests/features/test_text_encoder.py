from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

import quantal
from quantal.errors import DataError, FileFormatError, ParameterError, QuantalWarning
from quantal.features import WordLlama, open_features
from quantal.features.descriptors import text_descriptor_from
from quantal.hashing import ITQ

needs_extra = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("wordllama", "tokenizers")),
    reason="the extra 'text' is not installed",
)
TEXTS = [
    "A kitten sleeps on the warm sofa.",
    "The cat is napping on a couch.",
    "Shares fell as the central bank raised interest rates.",
    "Stock prices dropped after the increase of the bank rate.",
]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


@needs_extra
def test_rows_have_length_one_and_texts_of_one_subject_are_closer():
    rows = WordLlama().transform(TEXTS)
    assert (rows.shape, rows.dtype) == ((4, 256), np.float32)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    alike = rows @ rows.T
    assert min(alike[0, 1], alike[2, 3]) > alike[:2, 2:].max() + 0.2


@needs_extra
def test_a_row_is_the_mean_of_the_vectors_of_its_tokens():
    from quantal.features.text_encoder import _tokenizer, _vectors

    ids = _tokenizer().encode(TEXTS[0], add_special_tokens=False).ids
    mean = _vectors()[ids].mean(axis=0)
    rows = WordLlama().transform(TEXTS[:1])
    np.testing.assert_allclose(rows[0], mean / np.linalg.norm(mean), atol=1e-6)


@needs_extra
def test_a_text_does_not_depend_on_those_around_it(monkeypatch):
    rows = WordLlama().transform(TEXTS * 3)
    monkeypatch.setattr("quantal.features.text_encoder.BATCH", 5)
    np.testing.assert_array_equal(WordLlama().transform(TEXTS * 3), rows)
    np.testing.assert_array_equal(WordLlama().transform(TEXTS[2:3]), rows[2:3])


@needs_extra
def test_an_empty_text_becomes_a_row_of_zeros_with_a_warning():
    with pytest.warns(QuantalWarning, match=r"1 of 5 documents hold none of the tokens of wordll"):
        dataset = open_features([*TEXTS, ""], features="wordllama")
    assert not dataset.x[4].any()


@needs_extra
def test_a_model_remembers_its_encoder_and_describes_new_texts(cache, tmp_path):
    heard = []
    (tmp_path / "d.txt").write_text("\n".join(TEXTS))
    dataset = open_features(
        tmp_path / "d.txt", features="wordllama", on_rows=lambda *done: heard.append(done)
    )
    assert heard == [(4, 4)]
    assert (dataset.kind, len(dataset.texts), dataset.ids) == ("vectors", 4, list("1234"))
    model = ITQ(2, random_state=0).fit(dataset)
    model.save(tmp_path / "model")
    restored = quantal.load(tmp_path / "model")
    expected = model.transform(dataset.x)
    for rows in (TEXTS, tmp_path / "d.txt", dataset):
        np.testing.assert_array_equal(restored.transform(rows), expected)
    assert len(list(cache.iterdir())) == 1  # the second time they were found, not computed
    np.testing.assert_array_equal(restored.transform(TEXTS[1:2]), expected[1:2])
    assert len(list(cache.iterdir())) == 2
    with pytest.raises(DataError, match=r"texts \(256 numbers of WordLlama\)\. Pass the texts"):
        restored.transform(np.zeros((2, 7)))


def test_settings_are_restored_or_refused():
    config = json.loads(json.dumps(WordLlama().to_config()))
    encoder, name = text_descriptor_from(config)
    assert (encoder.n_features, name) == (256, "WordLlama")
    with pytest.raises(FileFormatError, match=r"settings of wordllama cannot be used"):
        text_descriptor_from({**config, "words": []})
    with pytest.raises(FileFormatError, match=r"schema is None"):
        text_descriptor_from({})


def test_what_are_no_texts_is_refused():
    with pytest.raises(DataError, match=r"features describe texts, but array holds vectors"):
        open_features(np.eye(3), features="wordllama")
    with pytest.raises(DataError, match=r"describe texts, but array holds images.*pass texts"):
        open_features(np.arange(2 * 9 * 9).reshape(2, 9, 9), features="wordllama")
    with pytest.raises(ParameterError, match=r"text='reuters' chooses a tf-idf.*Leave one of"):
        open_features(TEXTS, features="wordllama", text="reuters")
