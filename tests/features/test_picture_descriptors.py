from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.errors import DataError, FileFormatError, ParameterError
from quantal.features import Hog, LocalPatterns, Phog, SpatialPyramid, open_features
from quantal.features.descriptors import descriptor_for, descriptor_from
from quantal.features.fields import field_counts, field_of, grid_sums
from quantal.features.local_patterns import pattern_bins

skimage_feature = pytest.importorskip("skimage.feature")

NAMES = ("hog", "lbp", "phog", "spm")


@pytest.fixture(scope="module")
def pictures():
    """Noise in which every direction and pattern occurs: (12, 32, 24) floats."""
    return np.random.default_rng(0).random((12, 32, 24)).astype(np.float32)


def test_hog_is_that_of_scikit_image(pictures):
    hog = Hog(32, 24, white=1)
    expected = [
        skimage_feature.hog(
            p, orientations=9, pixels_per_cell=(4, 4), cells_per_block=(2, 2), block_norm="L2-Hys"
        )
        for p in pictures
    ]
    assert (hog.cell, hog.n_features) == (4, 7 * 5 * 36)
    np.testing.assert_allclose(hog.transform(pictures), expected, atol=2e-5)


def test_hog_of_colours_takes_the_longest_gradient_like_scikit_image():
    colours = np.random.default_rng(1).random((3, 24, 24, 3))
    expected = [
        skimage_feature.hog(
            p, pixels_per_cell=(4, 4), cells_per_block=(2, 2), channel_axis=2, block_norm="L2-Hys"
        )
        for p in colours
    ]
    np.testing.assert_allclose(Hog(24, 24, white=1).transform(colours), expected, atol=2e-5)


def test_a_ramp_has_one_direction():
    ramp = np.broadcast_to(np.arange(16.0), (1, 16, 16))
    histogram = Phog(16, 16, white=16).transform(ramp)[0]
    assert histogram.sum() == pytest.approx(1, abs=1e-6)
    assert set(np.flatnonzero(histogram) % 8) == {0}  # to the right, in every region
    assert histogram[0] == pytest.approx(1 / 4)  # four levels count alike
    downwards = Phog(16, 16, white=16).transform(np.swapaxes(ramp, 1, 2))[0]
    assert set(np.flatnonzero(downwards) % 8) == {2}


def test_patterns_are_those_of_scikit_image_under_other_numbers(pictures):
    found = pattern_bins(pictures).ravel()
    expected = np.concatenate(
        [
            skimage_feature.local_binary_pattern(p.astype(np.float64), 8, 1, "nri_uniform").ravel()
            for p in pictures
        ]
    )
    pairs = np.unique(np.stack([found, expected]), axis=1)
    assert pairs.shape == (2, 59)
    assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == 59


def test_pattern_histograms_of_each_field_sum_to_one(pictures):
    histograms = LocalPatterns(32, 24, white=1).transform(pictures).reshape(12, 56, 59)
    np.testing.assert_allclose(histograms.sum(axis=2), 1, atol=1e-6)


def test_flat_pictures_have_one_pattern_inside():
    flat = np.full((1, 20, 20), 0.7)
    bins = pattern_bins(flat.astype(np.float32))[0]
    assert len(np.unique(bins[1:-1, 1:-1])) == 1


def test_visual_words_count_every_patch_at_every_level(pictures):
    spm = SpatialPyramid.for_images(pictures)
    assert spm.n_patches == 3 * 2
    assert spm.words.shape == (72, 128)  # fewer patches than 200
    rows = spm.transform(pictures)
    levels = np.split(rows, np.cumsum([72, 4 * 72]), axis=1)
    for level, share in zip(levels, (0.25, 0.25, 0.5), strict=True):
        np.testing.assert_allclose(level.sum(axis=1), share, atol=1e-6)


def test_a_word_of_its_own_is_found_again(pictures):
    spm = SpatialPyramid.for_images(pictures)
    patches = spm.patches(pictures[:1, :, :, None]).reshape(6, 128)
    own = SpatialPyramid(32, 24, patches, white=1)
    counts = own.transform(pictures[:1])[0][:6]
    np.testing.assert_allclose(counts, 0.25 / 6, atol=1e-6)


def test_words_do_not_depend_on_the_run(pictures):
    first, second = (SpatialPyramid.for_images(pictures).words for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", NAMES)
def test_no_picture_depends_on_the_others(name, pictures, monkeypatch):
    descriptor = descriptor_for(pictures, name)
    whole = descriptor.transform(pictures)
    assert (whole.shape, whole.dtype) == ((12, descriptor.n_features), np.float32)
    assert whole.min() >= 0
    monkeypatch.setattr("quantal.features.picture_descriptor.BATCH_VALUES", 1)
    np.testing.assert_allclose(descriptor.transform(pictures), whole, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_of_the_pixels_does_not_matter(name, pictures):
    scaled = pictures * 40
    first = descriptor_for(pictures, name).transform(pictures)
    second = descriptor_for(scaled, name).transform(scaled)
    assert np.abs(first - second).mean() < 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_saved_settings_describe_alike(name, pictures):
    descriptor = descriptor_for(pictures, name)
    config = json.loads(json.dumps(descriptor.to_config()))
    loaded, _ = descriptor_from(config)
    np.testing.assert_array_equal(loaded.transform(pictures), descriptor.transform(pictures))
    for spoilt in (
        {**config, "height": -1},
        {**config, "white": "grey"},
        {**config, "extra": 1},
        {k: v for k, v in config.items() if k != "width"},
        {**config, "schema": "quantal.hog/2"},
        {**config, "schema": ["x"]},
        7,
    ):
        with pytest.raises(FileFormatError, match="cannot be used"):
            descriptor_from(spoilt)


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_described_is_refused_with_the_remedy(name, pictures):
    descriptor = descriptor_for(pictures, name)
    with pytest.raises(DataError, match=r"describes pictures.*Reshape rows of pixels"):
        descriptor.transform(pictures.reshape(12, -1))
    with pytest.raises(DataError, match=r"set up for pictures of 32 x 24 pixels, got 24 x 32"):
        descriptor.transform(np.swapaxes(pictures, 1, 2))
    with pytest.raises(DataError, match=r"pixels from 0 \(black\).*Pass unscaled pixels"):
        descriptor.transform(pictures - 1)
    with pytest.raises(DataError, match=r"needs pictures of at least .* got 6 x 6"):
        descriptor_for(pictures[:, :6, :6], name)


def test_words_of_another_length_are_refused():
    with pytest.raises(ParameterError, match=r"words must have shape \(w, 128\)"):
        SpatialPyramid(16, 16, np.zeros((3, 64)))


def test_fields_cover_a_side_once():
    assert field_of(np.arange(7), 7, 3).tolist() == [0, 0, 1, 1, 2, 2, 2]
    planes = np.random.default_rng(0).random((2, 3, 11, 9))
    sums = grid_sums(planes, 4, 2)
    assert sums.shape == (2, 3, 4, 2)
    np.testing.assert_allclose(sums.sum(axis=(2, 3)), planes.sum(axis=(2, 3)))
    counts = field_counts(np.array([[0, 1, 1]]), np.array([0, 1, 1]), 2, 2)
    assert counts.tolist() == [[1, 0, 0, 2]]


def test_features_of_a_named_set_know_how_new_images_are_described():
    dataset = open_features("name:digits", features="hog")
    assert (dataset.x.shape, dataset.kind) == ((1797, 36), "vectors")
    images = load_digits().images[:5]
    again = open_features(images, **json.loads(json.dumps(dataset.reader)))
    np.testing.assert_allclose(again.x, dataset.x[:5], atol=1e-6)
