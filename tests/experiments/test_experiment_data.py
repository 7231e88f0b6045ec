from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_digits

from quantal.data import Dataset
from quantal.errors import DataError, ParameterError
from quantal.experiments import load_rows, load_truth
from quantal.experiments.recipe_parts import DataOptions
from quantal.features import open_features


def test_rows_and_truth_are_the_same_rows(recipe_of):
    recipe = recipe_of(data={"limit": 50, "scaling": "none", "seed": 3})
    data = load_rows(recipe)
    truth = load_truth(recipe, data)
    digits = load_digits()
    np.testing.assert_array_equal(data.rows, digits.data[data.kept].astype(np.float32))
    np.testing.assert_array_equal(truth, digits.target[data.kept])


def test_unit_scaling_spans_minus_one_to_one(recipe_of):
    rows = load_rows(recipe_of(data={"scaling": "unit"})).rows
    assert (rows.shape, rows.min(), rows.max()) == ((1797, 64), -1.0, 1.0)


def test_rows_may_lose_their_mean_and_get_length_one(recipe_of):
    rows = load_rows(recipe_of(data={"limit": 50, "centered": True, "unit_rows": True})).rows
    plain = load_rows(recipe_of(data={"limit": 50})).rows
    expected = plain - plain.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(rows, expected, atol=1e-6)


def test_pixel_scaling_refuses_what_are_no_pixels(recipe_of):
    with pytest.raises(DataError, match="must be uint8"):
        load_rows(recipe_of(data={"scaling": "pixels"}))


def test_options_for_text_are_refused_for_images(recipe_of):
    with pytest.raises(DataError, match=r"data.text is for text, but digits is not text"):
        load_rows(recipe_of(data={"text": "20news"}))


def test_features_take_the_place_of_pixels_and_are_kept(recipe_of, monkeypatch, tmp_path):
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path))
    data = load_rows(recipe_of(data={"features": "gist", "limit": 20}))
    everything = open_features("name:digits", features="gist").x
    np.testing.assert_array_equal(data.rows, everything[data.kept])
    assert data.image_shape is None
    assert len(list((tmp_path / "features").iterdir())) == 1
    np.testing.assert_array_equal(
        load_rows(recipe_of(data={"features": "gist", "limit": 20})).rows, data.rows
    )


@pytest.mark.parametrize("more", [{"scaling": "unit"}, {"copies": 2}, {"unit_rows": True}])
def test_features_of_changed_pixels_are_refused(recipe_of, more):
    with pytest.raises(DataError, match=r"data.features describes the unscaled pixels"):
        load_rows(recipe_of(data={"features": "gist", **more}))


@pytest.fixture
def text_set(monkeypatch):
    rows = scipy.sparse.csr_array(np.eye(4, 9, dtype=np.float32))
    dataset = Dataset(rows, "news", "text", ids=["a", "b", "c", "d"])
    labels = {"a": 3, "b": 2, "c": 1, "d": 0}
    monkeypatch.setattr("quantal.experiments.data._open", lambda recipe, data_dir: dataset)
    monkeypatch.setattr(
        "quantal.data.named.labels", lambda name, folder, ids: np.array([labels[i] for i in ids])
    )


def test_text_keeps_its_names_so_that_truth_follows_dropped_documents(text_set, recipe_of):
    recipe = recipe_of(data={"limit": 2})
    data = load_rows(recipe)
    assert data.rows.toarray().max() == 1.0
    assert load_truth(recipe, data).tolist() == [3 - row for row in data.kept]


def test_options_for_images_are_refused_for_text(text_set, recipe_of):
    with pytest.raises(DataError, match=r"are for images, but digits is text"):
        load_rows(recipe_of(data={"copies": 2}))


def test_encoders_of_texts_are_refused_for_images_and_the_reverse(text_set, recipe_of):
    with pytest.raises(DataError, match=r"'gist' does not describe digits, which is text"):
        load_rows(recipe_of(data={"features": "gist"}))
    with pytest.raises(DataError, match=r"data.features replaces the words; keep one of them"):
        load_rows(recipe_of(data={"features": "wordllama", "text": "20news"}))


def test_an_encoder_of_texts_is_no_descriptor_of_images(recipe_of):
    with pytest.raises(DataError, match=r"which is images. Choose 'efficientnet-lite0' or 'gist'"):
        load_rows(recipe_of(data={"features": "wordllama"}))


def test_an_encoder_takes_the_place_of_words(recipe_of, monkeypatch, tmp_path):
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path))
    texts = ["the pitcher threw the ball", "a rocket in orbit", "encrypted keys"]
    said = Dataset(np.zeros((3, 0), np.float32), "20news", "text", texts=texts, ids=["a", "b", "c"])
    monkeypatch.setattr("quantal.data.named.load", lambda name, folder=None: said)
    monkeypatch.setattr("quantal.features.opening.open_source", lambda source, **options: said)
    data = load_rows(recipe_of(data={"features": "wordllama"}))
    assert data.rows.shape == (3, 256) and data.ids == ["a", "b", "c"]


def test_copies_follow_their_image_and_share_its_truth(recipe_of):
    recipe = recipe_of(data={"limit": 10, "scaling": "unit", "copies": 3})
    plain = recipe_of(data={"limit": 10, "scaling": "unit"})
    copies, images = load_rows(recipe), load_rows(plain)
    truth = load_truth(recipe, copies)
    np.testing.assert_array_equal(truth, np.repeat(load_truth(plain, images), 3))
    assert copies.rows.shape == (30, 64) and copies.image_shape == (8, 8)
    same = [np.corrcoef(copies.rows[3 * i], images.rows[i])[0, 1] for i in range(10)]
    other = [np.corrcoef(copies.rows[3 * i], images.rows[i - 1])[0, 1] for i in range(10)]
    assert np.mean(same) > np.mean(other)
    assert not (copies.rows[0] == copies.rows[1]).all()
    np.testing.assert_array_equal(copies.rows, load_rows(recipe).rows)


def test_copies_shift_as_far_as_they_are_told(recipe_of):
    def spread(**data) -> float:
        rows = load_rows(
            recipe_of(data={"limit": 20, "scaling": "unit", "copies": 10, **data})
        ).rows
        return float(rows.reshape(20, 10, -1).std(axis=1).mean())

    shifts = [spread(copy_shift=0.0), spread(), spread(copy_shift=2.0)]  # the view's own: 16/21
    assert shifts == sorted(shifts)
    assert spread(copy_shift=8 * 2 / 21) == shifts[1]


def test_a_shift_without_copies_is_refused():
    with pytest.raises(ParameterError, match=r"copy_shift needs data\.copies, which is 0"):
        DataOptions(copy_shift=1.0)


def test_spirals_need_no_file(recipe_of):
    recipe = recipe_of(dataset="spirals", data={"arcs": 3, "per_arc": 10})
    data = load_rows(recipe)
    assert data.rows.shape == (30, 2)
    assert np.bincount(load_truth(recipe, data)).tolist() == [10, 10, 10]


def test_an_unknown_set_gets_a_suggestion(recipe_of):
    with pytest.raises(ParameterError, match=r"Did you mean 'digits'\?"):
        load_rows(recipe_of(dataset="digit"))


def test_the_last_rows_are_those_of_the_set_and_keep_their_labels(recipe_of):
    whole, part = recipe_of(data={}), recipe_of(data={"last": 30})
    data = load_rows(part)
    np.testing.assert_array_equal(data.rows, load_rows(whole).rows[-30:])
    truth = load_truth(whole, load_rows(whole))
    np.testing.assert_array_equal(load_truth(part, data), truth[-30:])


def test_two_choices_of_rows_are_refused(recipe_of):
    with pytest.raises(ParameterError, match=r"data\.limit and data\.last both choose rows"):
        recipe_of(data={"last": 30, "limit": 20})
