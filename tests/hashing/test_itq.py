"""Iterative quantisation."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from quantal.errors import ParameterError, QuantalWarning
from quantal.hashing import ITQ


def corner_distance(rotated):
    """Mean squared distance from the nearest corner of the cube."""
    return ((np.where(rotated >= 0, 1, -1) - rotated) ** 2).sum(axis=1).mean()


def test_a_bit_is_the_sign_of_a_rotated_principal_component(digits):
    hasher = ITQ(16, random_state=0).fit(digits)
    rotated = (digits - digits.mean(axis=0)) @ hasher.directions_
    clear = np.abs(rotated) > 1e-4  # no entry so near zero that rounding decides
    assert clear.mean() > 0.9999
    np.testing.assert_array_equal(hasher.transform(digits)[clear], (rotated >= 0)[clear])


def test_directions_span_the_principal_space(digits):
    hasher = ITQ(16, random_state=0).fit(digits)
    pca = PCA(16).fit(digits)
    np.testing.assert_allclose(hasher.directions_.T @ hasher.directions_, np.eye(16), atol=1e-5)
    inside = pca.components_ @ hasher.directions_
    np.testing.assert_allclose(np.linalg.svd(inside)[1], 1, atol=1e-5)
    np.testing.assert_allclose(
        hasher.variances_, pca.explained_variance_ * (len(digits) - 1) / len(digits), rtol=1e-5
    )


def test_the_loss_is_the_one_reported_and_never_rises(digits):
    hasher = ITQ(16, random_state=0).fit(digits)
    rotated = (digits - digits.mean(axis=0)) @ hasher.directions_
    losses = np.array(hasher.history_["loss"])
    assert corner_distance(rotated) == pytest.approx(losses[-1], rel=1e-3)
    assert len(losses) == 50
    assert (np.diff(losses) <= 1e-6 * losses[0]).all()


def test_codes_are_at_least_as_good_as_those_of_faiss(digits_task):
    faiss = pytest.importorskip("faiss", reason="the search extra is not installed")
    gallery, queries = (x.astype(np.float32) for x in (digits_task.gallery, digits_task.queries))
    pca, rotation = faiss.PCAMatrix(64, 16), faiss.ITQMatrix(16)
    pca.train(gallery)
    rotation.train(pca.apply(gallery))
    theirs, asked = (rotation.apply(pca.apply(x)) for x in (gallery, queries))
    hasher = ITQ(16, random_state=0).fit(gallery)
    ours = (gallery - gallery.mean(axis=0)) @ hasher.directions_
    assert 0.97 < corner_distance(ours) / corner_distance(theirs) < 1.0
    assert digits_task.recall(hasher) > digits_task.recall_of_bits(theirs >= 0, asked >= 0) - 0.01


def test_reconstructions_are_the_least_squares_fit_of_the_bits(digits):
    hasher = ITQ(16, random_state=0).fit(digits)
    bits = hasher.transform(digits)
    design = np.c_[bits, np.ones(len(bits))]
    expected = design @ np.linalg.lstsq(design, digits, rcond=None)[0]
    np.testing.assert_allclose(hasher.inverse_transform(bits), expected, atol=1e-4)


def test_principal_signs_retrieve_worse_than_rotated_ones(digits_task):
    pca = PCA(32).fit(digits_task.gallery)
    signs = (pca.transform(x) >= 0 for x in (digits_task.gallery, digits_task.queries))
    plain = digits_task.recall_of_bits(*signs)
    assert digits_task.recall(ITQ(32, random_state=0).fit(digits_task.gallery)) > plain + 0.02


def test_more_bits_than_columns_are_refused_with_the_remedy(digits):
    with pytest.raises(ParameterError, match=r"ITQ gives at most one bit a column: n_bits=65.*64"):
        ITQ(65).fit(digits)


def embedded(noise):
    """Three columns of spread 1, five of almost none, turned so that all columns look alike."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    rows = np.hstack([rng.normal(size=(200, 3)), noise * rng.normal(size=(200, 5))])
    return rows @ turn


def test_directions_of_rounding_noise_are_named_and_make_no_bit():
    message = r"Only 3 of the 6 principal directions carry variance.*Ask for n_bits <= 3"
    with pytest.warns(QuantalWarning, match=message):
        clean = ITQ(6, random_state=0).fit(embedded(0))
    with pytest.warns(QuantalWarning, match=message):
        noisy = ITQ(6, random_state=0).fit(embedded(1e-5))
    agree = clean.transform(embedded(0)) == noisy.transform(embedded(1e-5))
    assert agree.mean() > 0.999
    shares = clean.transform(embedded(0)).mean(axis=0)
    assert ((shares > 0.2) & (shares < 0.8)).all()


@pytest.mark.parametrize("offset", [-37.0, 1e6])
def test_an_offset_changes_no_bit(digits, offset):
    bits = ITQ(16, random_state=0).fit(digits).transform(digits)
    moved = ITQ(16, random_state=0).fit(digits + offset).transform(digits + offset)
    assert (bits == moved).mean() > 0.9999


def test_bits_do_not_depend_on_the_number_of_threads(digits):
    rows = np.tile(digits, (3, 1))  # two groups of blocks
    hasher = ITQ(20, random_state=0).fit(digits)
    codes = []
    for n_threads in (1, 3):
        with threadpool_limits(n_threads, user_api="blas"):
            codes.append(hasher.encode(rows))
    np.testing.assert_array_equal(codes[0], codes[1])


def test_a_row_at_the_centre_has_all_bits_set():
    rows = np.array([[1.0, 2], [-1, -2], [3, 1], [-3, -1]])
    np.testing.assert_array_equal(ITQ(2, random_state=0).fit(rows).transform([[0, 0]]), [[1, 1]])


def test_a_sample_gives_nearly_the_loss_of_all_rows(digits):
    whole = ITQ(8, max_samples=None, random_state=0).fit(digits)
    part = ITQ(8, max_samples=900, random_state=0).fit(digits)
    rotated = [(digits - digits.mean(axis=0)) @ h.directions_ for h in (whole, part)]
    np.testing.assert_allclose(corner_distance(rotated[1]), corner_distance(rotated[0]), rtol=0.01)
    assert not np.array_equal(part.rotation_, whole.rotation_)


def test_fitting_a_memory_map_never_copies_it_whole(tmp_path):
    rows = np.random.default_rng(0).normal(size=(80_000, 128)).astype(np.float32)  # 41 MB
    np.save(tmp_path / "x.npy", rows)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r", allow_pickle=False)
    tracemalloc.start()
    try:
        ITQ(16, n_iter=2, max_samples=20_000, random_state=0).fit(mapped)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < rows.nbytes


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ({"n_iter": 0}, r"n_iter must be an integer in \[1, inf\), got 0"),
        ({"max_samples": 1}, r"max_samples must be an integer in \[2, inf\), got 1"),
        ({"max_samples": "auto"}, r"max_samples must be an integer in \[2, inf\), got 'auto'"),
    ],
)
def test_wrong_parameters_are_refused_with_what_is_allowed(digits, setting, text):
    with pytest.raises(ParameterError, match=text):
        ITQ(**setting).fit(digits)


@pytest.mark.data
def test_mnist_recall_is_that_of_independent_runs(mnist_task):
    hasher = ITQ(64, random_state=0).fit(mnist_task.gallery)
    assert 0.92 <= mnist_task.recall(hasher) <= 0.95
