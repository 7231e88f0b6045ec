from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from quantal.errors import DataError, FileFormatError, ParameterError
from quantal.features import Gist


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (5, 12, 18, 3), dtype=np.uint8)


def described_slowly(picture, scales):
    """One picture by the definition: double precision, whole transforms, one filter at a time."""
    channels = [np.log(1 + plane) for plane in np.moveaxis(picture.astype(np.float64), 2, 0)]
    h, w = channels[0].shape
    around = [(h // 2, h // 2), (w // 2, w // 2)]
    channels = [np.pad(plane, around, mode="symmetric") for plane in channels]
    fy, fx = np.fft.fftfreq(2 * h)[:, None], np.fft.fftfreq(2 * w)[None, :]
    rho = np.sqrt(fx**2 + fy**2)
    smooth = np.exp(-math.log(2) * (rho / (4 / max(h, w))) ** 2)

    def blurred(plane):
        return np.fft.ifft2(np.fft.fft2(plane) * smooth).real

    channels = [plane - blurred(plane) for plane in channels]
    contrast = np.sqrt(np.abs(blurred((sum(channels) / len(channels)) ** 2)))
    numbers = []
    for plane in channels:
        spectrum = np.fft.fft2(plane / (0.2 + contrast))
        for scale, count in enumerate(scales):
            for number in range(count):
                angle = np.angle(fx + 1j * fy) + math.pi * number / count
                angle = np.where(angle > math.pi, angle - 2 * math.pi, angle)
                radial = (rho * 1.85**scale / 0.3 - 1) ** 2
                passed = np.exp(
                    -10 * 0.35 * radial - 2 * 16 * count**2 / 32**2 * math.pi * angle**2
                )
                response = np.abs(np.fft.ifft2(spectrum * passed))[h // 2 :, w // 2 :]
                for i in range(4):
                    for j in range(4):
                        block = response[i * h // 4 : (i + 1) * h // 4]
                        numbers.append(block[: h // 4, j * w // 4 : (j + 1) * w // 4].mean())
    return np.array(numbers)


def test_960_numbers_equal_the_definition(pictures):
    found = Gist(960).transform(pictures)
    assert (found.shape, found.dtype) == ((5, 960), np.float32)
    np.testing.assert_allclose(found[3], described_slowly(pictures[3], (8, 8, 4)), atol=1e-5)


def test_512_numbers_equal_the_definition_on_the_mean_of_the_colours(pictures):
    found = Gist(512).transform(pictures)
    grey = pictures[2].mean(axis=2, keepdims=True)
    np.testing.assert_allclose(found[2], described_slowly(grey, (8, 8, 8, 8)), atol=1e-5)


def test_grey_pictures_and_equal_colours_give_the_same(pictures):
    grey = pictures[..., 0]
    repeated = np.repeat(grey[..., None], 3, axis=3)
    np.testing.assert_allclose(Gist().transform(repeated), Gist().transform(grey), atol=1e-6)
    colours = Gist(960).transform(repeated).reshape(5, 3, 320)
    np.testing.assert_allclose(colours[:, 0], colours[:, 2], atol=1e-6)


def test_a_picture_is_described_the_same_alone_and_among_others(pictures):
    np.testing.assert_array_equal(Gist().transform(pictures)[[4]], Gist().transform(pictures[4:]))


def test_threads_do_not_change_a_number(monkeypatch):
    monkeypatch.setattr("quantal.features.gist.WORK_BYTES", 1)  # one picture at a time
    images = load_digits().images[:40]
    with threadpool_limits(1):
        one = Gist().transform(images)
    with threadpool_limits(3):
        three = Gist().transform(images)
    np.testing.assert_array_equal(one, three)
    np.testing.assert_array_equal(one[7:8], Gist().transform(images[7:8]))


def test_an_even_picture_has_no_structure_at_any_brightness():
    even = np.full((3, 16, 16), 1.0) * np.array([0, 90, 255])[:, None, None]
    assert Gist().transform(even).max() < 1e-4


def test_more_light_changes_the_descriptor_less_than_a_quarter_turn():
    picture = load_digits().images[:20] * 10
    plain, bright, turned = (
        Gist().transform(x) for x in (picture, picture * 1.5, np.rot90(picture, axes=(1, 2)))
    )
    assert np.linalg.norm(bright - plain) < 0.2 * np.linalg.norm(turned - plain)


def test_a_quarter_turn_moves_the_orientations_by_four():
    picture = np.random.default_rng(1).integers(0, 256, (1, 16, 16), dtype=np.uint8)
    plain = Gist().transform(picture).reshape(4, 8, 4, 4)
    turned = Gist().transform(np.rot90(picture, axes=(1, 2))).reshape(4, 8, 4, 4)
    back = np.rot90(turned, -1, axes=(2, 3))
    # Not exactly: of the two waves of the highest frequency an even side has only one.
    np.testing.assert_allclose(np.roll(back, 4, axis=1), plain, atol=2e-3)


@pytest.mark.parametrize(
    ("dtype", "white"), [(np.uint8, 255), (np.uint16, 65535), (bool, 1), (np.float32, 16)]
)
def test_white_follows_the_type(dtype, white):
    images = load_digits().images[:30].astype(dtype)
    assert Gist.for_images(images).white == white


def test_the_unit_of_the_pixels_does_not_matter(pictures):
    small = pictures / np.float64(pictures.max())
    scaled = Gist.for_images(small).transform(small)
    expected = Gist(960, white=pictures.max()).transform(pictures)
    np.testing.assert_allclose(scaled, expected, atol=1e-5)


def test_colour_chooses_960_numbers_and_grey_512(pictures):
    assert Gist.for_images(pictures).n_features == 960
    assert Gist.for_images(pictures[..., 0]).n_features == 512
    assert Gist.for_images(pictures, 512).n_features == 512


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (np.zeros((3, 8)), r"got shape \(3, 8\).*Reshape"),
        (np.zeros((3, 8, 8, 2)), r"\(n, h, w, 3\), got shape \(3, 8, 8, 2\)"),
        (np.zeros((3, 8, 3)), r"4 x 4 blocks, but the pictures have 8 x 3 pixels"),
        (np.full((3, 8, 8), -1.0), r"from 0 \(black\) to 255 .*hold -1 to -1. Pass unscaled"),
        (np.full((3, 8, 8), np.nan), r"hold nan to nan"),
    ],
)
def test_what_are_no_pictures_is_refused(images, text):
    with pytest.raises(DataError, match=text):
        Gist().transform(images)


def test_colours_are_wanted_where_there_are_none():
    with pytest.raises(DataError, match=r"grey, shape \(2, 8, 8\)\. Use 512"):
        Gist(960).transform(np.zeros((2, 8, 8)))
    with pytest.raises(ParameterError, match=r"n_features must be one of 512, 960, got 320"):
        Gist(320)


def test_the_settings_survive_json(pictures):
    gist = Gist(960, white=100)
    again = Gist.from_config(json.loads(json.dumps(gist.to_config())))
    np.testing.assert_array_equal(again.transform(pictures), gist.transform(pictures))


@pytest.mark.parametrize(
    "change",
    [{"schema": "x"}, {"more": 1}, {"n_features": 961}, {"n_features": 512.0}, {"white": 0}]
    + [{"white": value} for value in (float("nan"), float("inf"), "255", True)],
)
def test_tampered_settings_are_refused(change):
    with pytest.raises(FileFormatError, match=r"saved GIST settings cannot be used.*save"):
        Gist.from_config({**Gist().to_config(), **change})
