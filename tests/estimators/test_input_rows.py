"""Rows given to a fitted model as the fit's rows were before their features."""

from __future__ import annotations

import numpy as np
import pytest

import quantal
from quantal.data import open_source
from quantal.errors import DataError
from quantal.features import Gist, open_features
from quantal.hashing import ITQ

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 8, 9), np.uint8)
TEXTS = ["cats chase mice", "dogs chase cats", "mice eat cheese", "dogs sleep"]


@pytest.fixture(scope="module")
def of_images():
    return ITQ(8, random_state=0).fit(open_features(IMAGES, features="gist"))


@pytest.fixture(scope="module")
def of_texts():
    return ITQ(2, random_state=0).fit(TEXTS)


def test_images_get_the_features_of_the_fit(of_images, tmp_path):
    expected = of_images.transform(Gist(512).transform(IMAGES))
    of_images.save(tmp_path / "m")
    for model in (of_images, quantal.load(tmp_path / "m")):
        for rows in (IMAGES, open_source(IMAGES), open_features(IMAGES, features="gist")):
            np.testing.assert_array_equal(model.transform(rows), expected)


def test_texts_get_the_words_of_the_fit(of_texts):
    expected = of_texts.transform(open_features(TEXTS))
    np.testing.assert_array_equal(of_texts.transform(TEXTS), expected)
    np.testing.assert_array_equal(of_texts.transform(TEXTS[:1]), expected[:1])


def test_rows_of_another_width_are_refused_with_what_to_pass(of_images, of_texts):
    with pytest.raises(DataError, match=r"72 numbers a row.*fitted on 512, the features of images"):
        of_images.transform(IMAGES.reshape(20, -1))
    with pytest.raises(DataError, match=r"array of shape \(n, 8, 9\) .* \.reshape\(-1, 8, 9\)"):
        of_images.transform(IMAGES.reshape(20, -1))
    with pytest.raises(DataError, match=r"Pass the texts themselves, a list of strings"):
        of_texts.transform(np.eye(3))


def test_images_of_another_form_or_brightness_are_refused(of_images):
    with pytest.raises(DataError, match=r"images of 9 x 8 pixels, but 8 x 9 are wanted"):
        of_images.transform(np.moveaxis(IMAGES, 1, 2))
    with pytest.raises(DataError, match=r"go up to 1 \(float32\), but white was 255 .* by \* 255"):
        of_images.transform(IMAGES / np.float32(IMAGES.max()))
    of_floats = ITQ(8).fit(open_features(IMAGES / 255.0, features="gist"))
    with pytest.raises(DataError, match=r"go up to 255 \(uint8\), but white was 1 "):
        of_floats.transform(IMAGES)


def test_images_or_texts_for_a_model_of_plain_rows_say_how_to_fit_one():
    model = ITQ(8).fit(Gist(512).transform(IMAGES))
    with pytest.raises(DataError, match=r"fitted on rows of 512 numbers.*open_features\(images"):
        model.transform(IMAGES)
    with pytest.raises(DataError, match=r"X holds texts, but the model was fitted on rows of 512"):
        model.transform(TEXTS)


def test_a_fit_on_plain_rows_forgets_the_features_of_an_earlier_one():
    model = ITQ(8).fit(open_features(IMAGES, features="gist"))
    assert not hasattr(model.fit(IMAGES), "reader_")
    assert model.transform(IMAGES).shape == (20, 8)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.empty((0, 3)), "Found array with 0 sample.* Pass one row a sample"),
        ([[1, 2], [3]], "inhomogeneous.* Pass one row a sample, all numbers and of one width"),
        (np.array([["a"], ["b"]]), "bytes/strings.* Pass one row a sample, all numbers"),
        (np.ones(4), r"got 1D array .* Pass one row a sample"),
        (np.ones((2, 2, 2, 2, 2)), r"dim 5.* or \(n, h, w\) or \(n, h, w, 3\) for images"),
        (np.arange(40) % 4, "looks like labels, not data.* 4 distinct values"),
        (np.arange(40)[:, None] % 4, "looks like labels, not data"),
    ],
)
def test_rows_that_are_none_are_refused_in_one_line_with_what_to_pass(rows, message):
    with pytest.raises(DataError, match=message) as caught:
        ITQ(2).fit(rows)
    assert "\n" not in str(caught.value)


def test_rows_of_another_width_are_told_to_have_the_columns_of_the_fit():
    rows = np.random.default_rng(0).normal(size=(20, 4))
    with pytest.raises(DataError, match=r"X has 3 features, .* Pass rows with the columns of the"):
        ITQ(2, random_state=0).fit(rows).transform(rows[:, :3])
