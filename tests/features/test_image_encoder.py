from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_images

import quantal
from quantal.errors import DataError, FileFormatError
from quantal.features import EfficientNetLite0, open_features
from quantal.features.descriptors import descriptor_from
from quantal.features.efficientnet_lite import EfficientNetLite, _Layer
from quantal.features.image_encoder import EXTRA, PACKAGE, SHA256, WEIGHTS, prepared
from quantal.features.packaged_weights import packaged_bytes
from quantal.features.resizing import cubic_weights, resized
from quantal.features.torch_file import tensors_of
from quantal.hashing import ITQ

pytest.importorskip(PACKAGE, reason="the extra 'images' is not installed")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


@pytest.fixture(scope="module")
def photos():
    """Two crops of a temple, then two of a flower: (4, 300, 300, 3)."""
    temple, flower = load_sample_images().images
    crops = [
        picture[top : top + 300, left : left + 300]
        for picture in (temple, flower)
        for top, left in ((60, 150), (90, 180))
    ]
    return np.stack(crops)


@pytest.fixture(scope="module")
def rows(photos):
    return EfficientNetLite0(300, 300).transform(photos)


def test_rows_have_1280_numbers_of_rectified_units(rows):
    assert (rows.shape, rows.dtype) == ((4, 1280), np.float32)
    assert rows.min() >= 0
    assert rows.max() <= 6


def test_crops_of_one_photo_are_closer_than_two_photos(rows):
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    alike = unit @ unit.T
    assert min(alike[0, 1], alike[2, 3]) > alike[:2, 2:].max() + 0.2


def test_the_network_knows_a_cat_and_a_cup_of_espresso():
    data = pytest.importorskip("skimage.data")
    weights = tensors_of(packaged_bytes(PACKAGE, WEIGHTS, SHA256, EXTRA))
    network = EfficientNetLite(weights)
    for picture, known in ((data.cat(), {281, 282, 285}), (data.coffee(), {967})):
        pooled = network(prepared(picture[None].astype(np.float32) / 255))
        scores = weights["_fc.weight"] @ pooled[0] + weights["_fc.bias"]
        assert int(scores.argmax()) in known


def test_a_picture_does_not_depend_on_those_around_it(photos, rows):
    encoder = EfficientNetLite0(300, 300)
    np.testing.assert_array_equal(encoder.transform(photos), rows)
    np.testing.assert_array_equal(encoder.transform(photos[2:3]), rows[2:3])


def test_grey_pictures_are_those_of_three_equal_colours():
    grey = np.random.default_rng(0).integers(0, 256, (2, 16, 12), np.uint8)
    encoder = EfficientNetLite0(16, 12)
    colours = np.repeat(grey[..., None], 3, axis=3)
    np.testing.assert_allclose(encoder.transform(grey), encoder.transform(colours), atol=1e-4)
    halves = EfficientNetLite0(16, 12, white=1).transform(grey / 255)
    np.testing.assert_allclose(encoder.transform(grey), halves, atol=1e-4)


def test_pixels_of_the_networks_size_enter_as_they_are():
    pictures = np.random.default_rng(0).random((1, 224, 224, 3), np.float32)
    np.testing.assert_allclose(prepared(pictures), (pictures * 255 - 127) / 128, atol=1e-6)


@pytest.mark.parametrize("shape", [(32, 30), (300, 451), (224, 10)])
def test_resizing_is_that_of_torch(shape):
    pictures = np.random.default_rng(0).random((2, *shape, 3), np.float32)
    planes = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    expected = torch.nn.functional.interpolate(planes, (50, 60), mode="bicubic", antialias=True)
    found = resized(pictures, 50, 60)
    np.testing.assert_allclose(found, expected.permute(0, 2, 3, 1), atol=1e-4)
    weights = cubic_weights(shape[0], 50)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
@pytest.mark.parametrize("side", [7, 8])
def test_filters_of_single_channels_are_those_of_torch_within_zeros(kernel, stride, side):
    rng = np.random.default_rng(kernel)
    x = rng.normal(size=(2, side, side + 1, 4)).astype(np.float32)
    weight = rng.normal(size=(kernel, kernel, 1, 4)).astype(np.float32)
    layer = _Layer(weight, np.arange(4, dtype=np.float32), stride, True)
    planes = torch.from_numpy(x).permute(0, 3, 1, 2)
    around = [
        part
        for size in (side + 1, side)
        for total in [max((-(-size // stride) - 1) * stride + kernel - size, 0)]
        for part in (total // 2, total - total // 2)
    ]
    expected = torch.nn.functional.conv2d(
        torch.nn.functional.pad(planes, around),
        torch.from_numpy(weight).permute(3, 2, 0, 1),
        torch.arange(4.0),
        stride,
        groups=4,
    ).clamp(0, 6)
    np.testing.assert_allclose(layer(x), expected.permute(0, 2, 3, 1), atol=1e-4)


def test_a_model_remembers_its_encoder_and_describes_new_pictures(photos, cache, tmp_path):
    heard = []
    dataset = open_features(
        photos, features="efficientnet-lite0", on_rows=lambda *done: heard.append(done)
    )
    assert heard[-1] == (4, 4)
    assert (dataset.x.shape, dataset.kind) == ((4, 1280), "vectors")
    model = ITQ(2, random_state=0).fit(dataset)
    model.save(tmp_path / "model")
    restored = quantal.load(tmp_path / "model")
    np.testing.assert_array_equal(restored.transform(photos), model.transform(dataset.x))
    assert len(list(cache.iterdir())) == 1  # the second time they were found, not computed
    with pytest.raises(DataError, match=r"images \(1280 numbers of EfficientNet-Lite0\)"):
        restored.transform(np.zeros((2, 7)))


def test_settings_are_restored_or_refused():
    config = json.loads(json.dumps(EfficientNetLite0(16, 12, white=1).to_config()))
    encoder, name = descriptor_from(config)
    assert (encoder.height, encoder.width, encoder.white) == (16, 12, 1)
    assert (name, config["schema"]) == ("EfficientNet-Lite0", "quantal.efficientnet-lite0/1")
    with pytest.raises(FileFormatError, match=r"efficientnet-lite0 cannot be used"):
        descriptor_from({**config, "depth": 3})


def test_what_are_no_pictures_is_refused():
    with pytest.raises(DataError, match=r"efficientnet-lite0 describes pictures"):
        EfficientNetLite0.for_images(np.zeros((3, 5)))
    with pytest.raises(DataError, match=r"at least 8 x 8 pixels, got 4 x 9"):
        EfficientNetLite0.for_images(np.zeros((3, 4, 9)))
    with pytest.raises(DataError, match=r"features describe images, but texts holds text"):
        open_features(["a cat", "a dog"], features="efficientnet-lite0")
