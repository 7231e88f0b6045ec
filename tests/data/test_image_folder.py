from __future__ import annotations

import json
import os

import numpy as np
import pytest
from PIL import Image

from quantal.data import open_source
from quantal.errors import DataError

GREY = np.random.default_rng(0).integers(0, 256, (5, 7), dtype=np.uint8)
RGB = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)


def save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def two_grey(folder):
    save(folder / "b" / "2.png", GREY)
    save(folder / "a" / "1.png", 255 - GREY)
    return folder


def test_nested_images_are_sorted_by_path(tmp_path):
    dataset = open_source(two_grey(tmp_path))
    assert dataset.ids == ["a/1.png", "b/2.png"]
    np.testing.assert_array_equal(dataset.x, [255 - GREY, GREY])
    assert dataset.reader == {"image_size": [5, 7], "color": "grey", "like": "images"}


@pytest.mark.parametrize("suffix", ["png", "bmp", "gif", "tif", "webp", "pgm"])
def test_every_lossless_format_gives_the_same_grey_pixels(tmp_path, suffix):
    for i in range(2):
        save(
            tmp_path / f"{i}.{suffix}", GREY ^ i, **({"lossless": True} if suffix == "webp" else {})
        )
    x = open_source(tmp_path, color="grey").x
    np.testing.assert_array_equal(x[0], GREY)


def test_one_colour_image_makes_the_folder_rgb(tmp_path):
    save(tmp_path / "a.png", GREY)
    save(tmp_path / "b.ppm", RGB)
    dataset = open_source(tmp_path)
    np.testing.assert_array_equal(dataset.x[0], np.repeat(GREY[..., None], 3, axis=2))
    np.testing.assert_array_equal(dataset.x[1], RGB)
    assert dataset.reader["color"] == "rgb"
    assert open_source(tmp_path, color="grey").x.shape == (2, 5, 7)


def test_sixteen_bit_grey_keeps_its_upper_bits(tmp_path):
    for i in range(2):
        save(tmp_path / f"{i}.png", ((GREY ^ i).astype(np.uint16) << 8) + 255)
    np.testing.assert_array_equal(open_source(tmp_path).x[0], GREY)


def test_transparent_pixels_become_white(tmp_path):
    rgba = np.zeros((5, 7, 4), np.uint8)
    rgba[0, 0, 3] = 255
    save(tmp_path / "a.png", rgba)
    save(tmp_path / "b.png", RGB)
    x = open_source(tmp_path).x
    assert x[0, 0, 0].tolist() == [0, 0, 0]
    assert (x[0, 1:] == 255).all()


def test_photos_on_their_side_are_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    save(tmp_path / "a.png", GREY, exif=exif)
    save(tmp_path / "b.png", np.zeros((7, 5), np.uint8))
    np.testing.assert_array_equal(open_source(tmp_path).x[0], np.rot90(GREY, -1))


def test_several_sizes_are_listed_with_the_remedy(tmp_path):
    save(tmp_path / "a.png", GREY)
    save(tmp_path / "b.png", GREY)
    save(tmp_path / "c.png", GREY.T.copy())
    message = r"2 sizes \(height x width\): 5x7 \(2 images\), 7x5 \(1 images\).*--image-size 5x7"
    with pytest.raises(DataError, match=message):
        open_source(tmp_path)
    assert open_source(tmp_path, image_size="4x6").x.shape == (3, 4, 6)


def test_unreadable_files_are_named_unless_skipped(tmp_path):
    two_grey(tmp_path)
    (tmp_path / "b" / "0.png").write_bytes(b"not an image")
    whole = (tmp_path / "b" / "2.png").read_bytes()
    (tmp_path / "b" / "3.png").write_bytes(whole[:-30])
    message = r"2 of 4 image files .* cannot be read \(b/0\.png: not an image; b/3\.png: .*--skip-u"
    with pytest.raises(DataError, match=message):
        open_source(tmp_path, image_size=5)
    dataset = open_source(tmp_path, skip_unreadable=True)
    assert dataset.skipped == ("b/0.png", "b/3.png")
    assert dataset.ids == ["a/1.png", "b/2.png"]
    np.testing.assert_array_equal(dataset.x, [255 - GREY, GREY])


def test_a_pipe_among_the_images_is_not_waited_for(tmp_path):
    two_grey(tmp_path)
    os.mkfifo(tmp_path / "z.png")
    with pytest.raises(DataError, match=r"1 of 3 image files .*\(z\.png: it is not a file\)"):
        open_source(tmp_path)
    assert open_source(tmp_path, skip_unreadable=True).skipped == ("z.png",)


def test_a_folder_of_unreadable_files_only_is_refused_even_when_skipping(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"None of the 1 image files"):
        open_source(tmp_path, skip_unreadable=True)


def test_a_decompression_bomb_is_unreadable(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(DataError, match=r"more than 20 pixels, taken for a decompression bomb"):
        open_source(two_grey(tmp_path))


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    save(tmp_path / ".hidden.png", GREY)
    with pytest.raises(DataError, match=r"holds no image file \(\.png, \.jpg"):
        open_source(tmp_path)


def test_identical_images_are_refused(tmp_path):
    save(tmp_path / "a.png", GREY)
    save(tmp_path / "b.png", GREY)
    with pytest.raises(DataError, match=r"all 2 rows are identical"):
        open_source(tmp_path)


def test_new_images_are_read_into_the_form_of_the_old(tmp_path):
    reader = json.loads(json.dumps(open_source(two_grey(tmp_path / "old")).reader))
    save(tmp_path / "new" / "a.png", np.ones((50, 70, 3), np.uint8))
    new = open_source(tmp_path / "new", **reader)
    assert new.x.shape == (1, 5, 7)
    assert new.reader == reader
