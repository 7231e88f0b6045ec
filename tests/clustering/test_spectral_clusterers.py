from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, make_blobs, make_circles, make_moons
from sklearn.metrics import adjusted_rand_score

from quantal.clustering import (
    LandmarkSpectralClustering,
    NJWSpectralClustering,
    NormalizedCuts,
    SelfTuningSpectralClustering,
)
from quantal.clustering.discretization import discretize
from quantal.clustering.embedded_kmeans import KMeansPlan, kmeans, orthogonal_rows
from quantal.clustering.normalized_cuts import cut_value
from quantal.clustering.rotation import align_with_axes
from quantal.clustering.self_tuning import locally_scaled
from quantal.errors import QuantalWarning
from quantal.graph.pair_distances import pair_distances
from quantal.graph.spectral import leading_eigenvectors, normalized_affinity, unit_length_rows
from quantal.metrics import evaluate_clustering

MOONS = make_moons(300, noise=0.05, random_state=0)
CIRCLES = make_circles(300, noise=0.03, factor=0.5, random_state=0)


def indicator(labels, k):
    return np.eye(k)[labels]


def rotation(k, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(k, k)))[0]


@pytest.mark.parametrize(("rows", "truth"), [MOONS, CIRCLES], ids=["moons", "circles"])
@pytest.mark.parametrize(
    "model",
    [
        NJWSpectralClustering(2, random_state=0),
        NJWSpectralClustering(2, affinity="neighbors", random_state=0),
        SelfTuningSpectralClustering(2, random_state=0),
        SelfTuningSpectralClustering(2, assign="kmeans", random_state=0),
        SelfTuningSpectralClustering(2, affinity="neighbors", random_state=0),
        NormalizedCuts(2, affinity="neighbors", n_neighbors=10, random_state=0),
    ],
    ids=str,
)
def test_shapes_that_k_means_cannot_part_are_parted(model, rows, truth):
    assert adjusted_rand_score(truth, model.fit(rows).labels_) > 0.95
    assert adjusted_rand_score(truth, KMeans(2, n_init=3, random_state=0).fit_predict(rows)) < 0.6


@pytest.mark.parametrize("k", [2, 3, 6])
@pytest.mark.parametrize("seed", range(4))
def test_a_rotated_indicator_is_turned_back(k, seed):
    labels = np.random.default_rng(seed).integers(k, size=200)
    rotated, quality, _ = align_with_axes(indicator(labels, k) @ rotation(k, seed))
    assert quality > 0.999
    assert adjusted_rand_score(labels, (rotated**2).argmax(axis=1)) == 1


def test_a_rotation_keeps_lengths_and_never_raises_the_cost():
    rows = np.random.default_rng(0).normal(size=(100, 4))
    qualities = [align_with_axes(rows, max_sweeps=n, tolerance=-1)[1] for n in (1, 2, 4, 8)]
    assert qualities == sorted(qualities)
    rotated, _, n_sweeps = align_with_axes(rows)
    np.testing.assert_allclose(rotated @ rotated.T, rows @ rows.T, atol=1e-9)
    assert n_sweeps > 1


def test_rows_of_zeros_do_not_stop_a_rotation():
    rows = np.vstack([np.zeros((2, 2)), indicator(np.array([0, 1, 1]), 2) @ rotation(2, 1)])
    assert align_with_axes(rows)[1] > 0.999


@pytest.mark.parametrize("seed", range(4))
def test_discretisation_finds_a_rotated_partition(seed):
    labels = np.repeat(np.arange(4), (10, 20, 30, 40))
    found, distance = discretize(
        indicator(labels, 4) @ rotation(4, seed), np.random.default_rng(seed)
    )
    assert adjusted_rand_score(labels, found) == 1
    assert distance == pytest.approx(0, abs=1e-9)


def test_rows_at_right_angles_are_chosen_once_each():
    rows = indicator(np.array([0, 0, 1, 1, 2, 2]), 3)
    chosen = orthogonal_rows(rows, 3, np.random.default_rng(0))
    assert sorted(rows[chosen].argmax(axis=1)) == [0, 1, 2]
    found = kmeans(rows, KMeansPlan(3, 2, "orthogonal", 10), np.random.default_rng(0))
    assert found.inertia == pytest.approx(0)


def test_the_cut_is_what_leads_out_of_each_cluster():
    rng = np.random.default_rng(0)
    weights = rng.random((12, 12))
    weights += weights.T
    labels = rng.integers(3, size=12)
    expected = sum(
        weights[np.ix_(labels == c, labels != c)].sum() / weights[labels == c].sum()
        for c in range(3)
    )
    matrix, degrees = normalized_affinity(weights.copy())
    assert cut_value(matrix, degrees, labels, 3) == pytest.approx(expected)


def test_no_partition_cuts_less_than_the_eigenvalues_allow():
    model = NormalizedCuts(4, random_state=0).fit(load_digits().data[:150])
    assert model.cut_value_ >= 4 - model.eigenvalues_.sum() - 1e-9


def test_normalised_cuts_use_the_kernel_and_the_offset_as_written():
    x = np.random.default_rng(0).normal(size=(30, 2))
    model = NormalizedCuts(2, scale=0.3, power=4, offset=0.5, threshold=0, random_state=0).fit(x)
    squared = ((x[:, None] - x) ** 2).sum(axis=2)
    w = np.exp(-((squared / (0.3**2 * squared.max())) ** 2))
    degrees = w.sum(axis=1) + 1
    matrix = (w + 0.5 * np.eye(30)) / np.sqrt(np.outer(degrees, degrees))
    np.testing.assert_allclose(model.eigenvalues_, np.linalg.eigvalsh(matrix)[:-3:-1], atol=1e-9)


def test_the_kernels_width_is_a_share_of_the_mean_squared_distance():
    x = np.random.default_rng(0).normal(size=(30, 2))
    model = NJWSpectralClustering(3, width=0.2, random_state=0).fit(x)
    squared = ((x[:, None] - x) ** 2).sum(axis=2)
    a = np.exp(-squared / (0.2 * squared.mean()))
    np.fill_diagonal(a, 0)
    values = scipy.linalg.eigvalsh(a, np.diag(a.sum(axis=1)))
    np.testing.assert_allclose(model.eigenvalues_, values[:-4:-1], atol=1e-9)
    assert model.width_ == 0.2


@pytest.mark.parametrize("form", ["dense", "neighbors"])
def test_local_scales_are_distances_to_the_kth_neighbour(form):
    x = np.random.default_rng(0).normal(size=(40, 3))
    found = locally_scaled(pair_distances(x, form, 10, unit_rows=False), 7, 0.0)
    squared = ((x[:, None] - x) ** 2).sum(axis=2)
    scale = np.sqrt(np.sort(squared, axis=1)[:, 7])
    wanted = np.exp(-squared / np.outer(scale, scale))
    np.fill_diagonal(wanted, 0)
    dense = found if form == "dense" else found.toarray()
    np.testing.assert_allclose(dense[dense > 0], wanted[dense > 0], rtol=1e-4)
    assert ((dense > 0).sum(axis=1) >= 10).all()


def test_a_floor_holds_local_scales_up():
    x = np.array([[0.0], [0.001], [0.002], [1]])
    found = locally_scaled(pair_distances(x, "dense", 1, unit_rows=False), 1, 0.004)
    assert found[0, 1] == pytest.approx(np.exp(-1e-6 / 0.004))


def test_duplicates_make_no_scale_infinite():
    x = np.repeat(np.array([[0.0, 0], [1, 0], [5, 5]]), 6, axis=0)
    labels = SelfTuningSpectralClustering(3, n_neighbors=3, random_state=0).fit(x).labels_
    assert adjusted_rand_score(np.repeat(range(3), 6), labels) == 1


def test_all_rows_as_landmarks_give_the_full_spectral_embedding():
    # Where all rows have one degree Z is the normalised affinity P, and Z Z^T has P's vectors.
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    x = np.column_stack([np.cos(angles), np.sin(angles)])
    model = LandmarkSpectralClustering(2, n_landmarks=60, n_nearest=60, sigma=0.3, random_state=0)
    model.fit(x)
    squared = ((x[:, None] - x) ** 2).sum(axis=2)
    matrix, _ = normalized_affinity(np.exp(-squared / (2 * 0.3**2)))
    values, vectors, _ = leading_eigenvectors(matrix, 3, np.random.default_rng(0))
    np.testing.assert_allclose(model.singular_values_, values[1:], atol=1e-5)
    ours, theirs = model.transform(x), unit_length_rows(vectors[:, 1:])
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-3)


@pytest.mark.parametrize("landmarks", ["kmeans", "random"])
def test_landmarks_part_groups_and_new_rows_of_them(landmarks):
    x, truth = make_blobs(300, centers=4, cluster_std=0.4, random_state=3)
    model = LandmarkSpectralClustering(4, n_landmarks=40, landmarks=landmarks, random_state=0)
    model.fit(x[:200])
    assert adjusted_rand_score(truth[:200], model.labels_) == 1
    assert adjusted_rand_score(truth[200:], model.predict(x[200:])) == 1


def test_landmarks_of_centred_rows_are_those_of_rows_centred_before():
    x = load_digits().data[:300] + 50
    options = {"n_clusters": 10, "n_landmarks": 60, "unit_rows": True, "random_state": 0}
    model = LandmarkSpectralClustering(centered=True, **options).fit(x)
    np.testing.assert_allclose(model.mean_, x.mean(axis=0), rtol=1e-6)
    before = LandmarkSpectralClustering(**options).fit(x - x.mean(axis=0))
    assert adjusted_rand_score(model.labels_, before.labels_) == 1
    np.testing.assert_array_equal(model.predict(x[:50]), model.labels_[:50])


def test_one_landmark_a_row_leaves_little_but_breaks_nothing():
    x = load_digits().data[:100]
    model = LandmarkSpectralClustering(5, n_landmarks=10, n_nearest=1, random_state=0).fit(x)
    np.testing.assert_array_equal(model.predict(x), model.labels_)


def test_more_parts_than_clusters_are_a_warning():
    x = (np.arange(5.0)[:, None] * 100 + [0, 0.1, 0.2, 0.3]).reshape(-1, 1)
    model = NJWSpectralClustering(2, affinity="neighbors", n_neighbors=2, random_state=0)
    with pytest.warns(QuantalWarning, match=r"into 5 connected parts, more than n_clusters=2"):
        model.fit(x)
    assert model.n_parts_ == 5


@pytest.mark.parametrize(
    ("model", "least"),
    [
        (LandmarkSpectralClustering(10, n_landmarks=300, random_state=0), 0.82),
        (SelfTuningSpectralClustering(10, affinity="neighbors", random_state=0), 0.84),
        (NJWSpectralClustering(10, width=0.05, affinity="neighbors", random_state=0), 0.75),
    ],
    ids=["landmark", "self-tuning", "njw"],
)
def test_digits_are_clustered_at_least_as_well_as_measured(model, least):
    digits = load_digits()  # k-means: 0.79
    scores = evaluate_clustering(digits.target, model.fit(digits.data).labels_, n_resamples=0)
    assert scores.accuracy > least


def test_landmarks_find_groups_far_from_zero():
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2], 60)
    X = rng.normal(size=(180, 5)) + 12 * np.eye(5)[groups]
    for offset in (0, 1e8):
        model = LandmarkSpectralClustering(3, n_landmarks=30, random_state=0).fit(X + offset)
        assert adjusted_rand_score(groups, model.labels_) == 1
        np.testing.assert_array_equal(model.predict(X + offset), model.labels_)
