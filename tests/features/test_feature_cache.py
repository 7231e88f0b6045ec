from __future__ import annotations

import os

import numpy as np
import pytest

from quantal.errors import QuantalWarning
from quantal.features import Gist
from quantal.features.feature_cache import cache_folder, cached_features

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8), np.uint8)


@pytest.fixture
def calls(monkeypatch):
    """Numbers of pictures that were really described."""
    seen, transform = [], Gist.transform
    monkeypatch.setattr(Gist, "transform", lambda g, x: seen.append(len(x)) or transform(g, x))
    return seen


def test_what_was_described_once_is_found_again(tmp_path, calls):
    first = cached_features(Gist(512), IMAGES, tmp_path)
    again = cached_features(Gist(512), IMAGES.copy(), tmp_path)
    assert calls == [5]
    np.testing.assert_array_equal(first, again)
    assert [p.suffix for p in tmp_path.iterdir()] == [".npy"]


@pytest.mark.parametrize(
    ("gist", "images"),
    [
        (Gist(512, white=200), IMAGES),
        (Gist(512), IMAGES[:4]),
        (Gist(512), IMAGES.astype(np.uint16)),
        (Gist(512), IMAGES.reshape(5, 4, 16)),
        (Gist(512), np.where(np.arange(5)[:, None, None] == 3, 0, IMAGES).astype(np.uint8)),
    ],
    ids=["white", "rows", "type", "shape", "one picture"],
)
def test_other_pictures_or_settings_have_a_file_of_their_own(tmp_path, calls, gist, images):
    cached_features(Gist(512), IMAGES, tmp_path)
    np.testing.assert_array_equal(cached_features(gist, images, tmp_path), gist.transform(images))
    assert calls[:2] == [5, len(images)]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b"", lambda b: b[:70] + b[80:]])
def test_a_damaged_file_is_computed_anew(tmp_path, calls, damage):
    expected = np.array(cached_features(Gist(512), IMAGES, tmp_path))
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    np.testing.assert_array_equal(cached_features(Gist(512), IMAGES, tmp_path), expected)
    cached_features(Gist(512), IMAGES, tmp_path)
    assert calls == [5, 5]


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_lost(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(QuantalWarning, match=r"cannot be written .*Set QUANTAL_CACHE to a folder"):
        x = cached_features(Gist(512), IMAGES, tmp_path / "file")
    np.testing.assert_array_equal(x, Gist(512).transform(IMAGES))


def test_the_folder_is_the_users_or_the_one_that_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "features"
    monkeypatch.setenv("QUANTAL_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "quantal" / "features"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert os.fspath(cache_folder()).endswith(os.path.join(".cache", "quantal", "features"))  # noqa: PTH118
