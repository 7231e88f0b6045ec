"""From a folder of images to codes: the model remembers its features."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import quantal as library


@pytest.fixture
def photos(folder):
    """Two folders of colour images and the second one's pixels, (6, 12, 12, 3)."""
    rng = np.random.default_rng(0)
    for name, n in (("old", 20), ("new", 6)):
        (folder / name).mkdir()
        pixels = rng.integers(0, 256, (n, 12, 12, 3), np.uint8)
        for number, image in enumerate(pixels):
            Image.fromarray(image).save(folder / name / f"{number}.png")
    return pixels


@pytest.fixture
def model(quantal, photos):
    result = quantal("fit", "old", "--features", "gist", "--bits", 16, "--out", "m")
    assert result.status == 0, result.err
    assert "old: 20 rows of 960 columns in codes of 16 bits" in result.out
    return library.load("m")


def test_new_folders_and_arrays_are_described_like_the_fits_images(quantal, photos, model):
    np.save("new.npy", photos)
    for data in ("new", "new.npy"):
        assert quantal("encode", "m", data, "--out", "c.npy").status == 0
        np.testing.assert_array_equal(np.load("c.npy"), model.encode(photos))
    for rows in ("new", "new.npy", np.moveaxis(photos, 3, 1)):
        np.testing.assert_array_equal(model.encode(rows), model.encode(photos))


def test_pixels_in_rows_are_refused_with_the_shape_that_is_wanted(quantal, photos, model):
    np.save("flat.npy", photos.reshape(6, -1))
    result = quantal("encode", "m", "flat.npy", "--out", "c.npy")
    assert result.status == 2
    assert "flat.npy has 432 columns, but the model was fitted on 960, the features of images" in (
        result.message
    )
    assert ".reshape(-1, 12, 12, 3)" in result.message
