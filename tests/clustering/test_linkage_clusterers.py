"""Agglomeration on a directed graph: what the three methods find, and their merge trees."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits, make_moons
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score

import quantal
from quantal.clustering import GraphDegreeLinkage, PathIntegralLinkage, ZetaLinkage
from quantal.errors import DataError, FileFormatError, ParameterError
from quantal.graph import affinity_graph, agglomerate, initial_clusters
from quantal.training import Artifact

METHODS = (GraphDegreeLinkage, PathIntegralLinkage, ZetaLinkage)
OPTIONS = {"a": 1.0, "unit_rows": False, "sigma_doubling": True}


@pytest.fixture(params=METHODS, ids=lambda cls: cls.__name__)
def method(request):
    return request.param


@pytest.fixture(scope="module")
def X():
    return load_digits().data[:400]


def test_moons_are_told_apart(method):
    rows, truth = make_moons(400, noise=0.05, random_state=0)
    assert adjusted_rand_score(truth, method(2).fit_predict(rows)) == 1


def test_digits_are_told_apart_better_than_by_k_means():
    X, truth = load_digits(return_X_y=True)
    assert adjusted_rand_score(truth, GraphDegreeLinkage(10).fit_predict(X)) > 0.75


def test_the_estimator_is_the_graph_the_first_clusters_and_the_merges(X):
    graph = affinity_graph(X, 20, **OPTIONS)
    tree = agglomerate(graph.weights, initial_clusters(graph.neighbors), 10)
    model = GraphDegreeLinkage(10).fit(X)
    assert adjusted_rand_score(tree.cut(10), model.labels_) == 1
    np.testing.assert_array_equal(model.tree_.pairs, tree.pairs)


@pytest.mark.parametrize("cls", [PathIntegralLinkage, ZetaLinkage])
def test_the_first_order_finds_what_dense_solves_find(cls, X):
    labels = [cls(6, order=order).fit_predict(X[:200]) for order in ("leading", "exact")]
    assert adjusted_rand_score(*labels) > 0.95


def test_the_tree_can_be_cut_above_the_clusters_of_the_fit(method, X):
    model = method(5).fit(X)
    np.testing.assert_array_equal(model.labels_at(5), model.labels_)
    finer = model.labels_at(12)
    assert finer.max() == 11 and (np.diff(np.bincount(finer)) <= 0).all()
    for c in range(12):
        assert len(np.unique(model.labels_[finer == c])) == 1
    with pytest.raises(ParameterError, match="cannot be cut at n_clusters=4"):
        model.labels_at(4)


def test_there_is_no_tree_before_a_fit(method):
    assert not hasattr(method(), "tree_")
    with pytest.raises(NotFittedError, match="not fitted yet"):
        method().labels_at(3)


def test_a_saved_model_keeps_its_tree_and_a_damaged_tree_is_refused(method, X, tmp_path):
    model = method(5).fit(X)
    model.save(tmp_path / "m")
    loaded = quantal.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.labels_at(20), model.labels_at(20))
    whole = model.to_artifact()
    for spoilt in (whole.tensors["merges_"].flip(0), whole.tensors["merges_"] * 3):
        artifact = Artifact(whole.config, {**whole.tensors, "merges_": spoilt}, whole.manifest)
        with pytest.raises(FileFormatError, match="do not fit together"):
            method.from_artifact(artifact)


@pytest.mark.parametrize("on_exhausted", ["grow_ks", "centroid"])
def test_groups_without_links_still_become_as_many_clusters_as_asked_for(method, on_exhausted):
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(size=(12, 2)) + gap for gap in (0, 50, 120, 1000)])
    labels = method(3, n_neighbors=3, on_exhausted=on_exhausted).fit_predict(rows)
    assert np.bincount(labels).tolist() == [24, 12, 12]
    assert len(set(labels[:24])) == 1


def test_more_clusters_than_first_clusters_start_from_single_rows(method):
    rows = np.random.default_rng(0).normal(size=(10, 2))
    model = method(8).fit(rows)
    assert model.tree_.n_initial == 10
    assert (model.cluster_sizes_ > 0).all()


def test_outliers_may_join_the_nearest_mean_instead_of_being_clusters(method, tmp_path):
    rng = np.random.default_rng(0)
    groups = np.concatenate([rng.normal(c, 0.3, (60, 2)) for c in ((0, 0), (4, 0), (0, 4))])
    rows = np.concatenate([groups, [[-30.0, -30], [-30.1, -30]]])
    kept = method(3, n_neighbors=8).fit(rows)
    assert kept.cluster_sizes_.min() == 2
    joined = method(3, n_neighbors=8, outliers="join").fit(rows)
    assert sorted(joined.cluster_sizes_) == [60, 60, 62]
    np.testing.assert_array_equal(joined.merges_, kept.merges_)
    joined.save(tmp_path / "m")
    np.testing.assert_array_equal(quantal.load(tmp_path / "m").labels_, joined.labels_)


def test_unit_rows_take_no_notice_of_lengths(method, X):
    lengths = np.random.default_rng(0).choice([1.0, 2.0, 8.0], size=(len(X), 1))
    first, second = (method(8, unit_rows=True).fit_predict(x) for x in (X, X * lengths))
    np.testing.assert_array_equal(first, second)


def test_centered_rows_are_the_rows_without_their_mean(method, X):
    expected = method(8, unit_rows=True).fit_predict(X - X.mean(axis=0))
    found = method(8, centered=True, unit_rows=True).fit_predict(X)
    assert adjusted_rand_score(expected, found) > 0.99
    moved = method(8, centered=True, unit_rows=True).fit_predict(X + 7)
    assert adjusted_rand_score(moved, found) > 0.99
    with pytest.raises(DataError, match=r"centered=True fills every zero.*Pass X\.toarray"):
        method(8, centered=True).fit(sparse.csr_array(X))


WRONG = [
    ("kernel_width", 0, r"kernel_width must be a number in \(0"),
    ("sigma_doubling", "yes", "sigma_doubling must be one of True, False, got 'yes'"),
    ("on_exhausted", "stop", "on_exhausted must be one of 'grow_ks', 'centroid', got 'stop'"),
    ("outliers", "drop", "outliers must be one of 'keep', 'join', got 'drop'"),
    ("update", "eq8", r"update must be one of .*Did you mean 'eq7'\?"),
    ("alpha", -2, r"alpha must be a number in \(-1"),
    ("order", "exakt", r"order must be one of .*Did you mean 'exact'\?"),
    ("z", 1, r"z must be a number in \(0, 0.999\], got 1"),
]


@pytest.mark.parametrize(
    ("linkage", "name", "value", "text"),
    [
        pytest.param(cls, *wrong, id=f"{cls.__name__}-{wrong[0]}")
        for cls in METHODS
        for wrong in WRONG
        if wrong[0] in cls().get_params()
    ],
)
def test_wrong_parameters_are_refused_with_what_is_allowed(linkage, name, value, text, X):
    with pytest.raises(ParameterError, match=text):
        linkage(**{name: value}).fit(X)


def test_dense_solves_of_many_rows_are_refused_with_the_way_out():
    rows = np.random.default_rng(0).normal(size=(3001, 2))
    with pytest.raises(ParameterError, match=r"at most 3,000 rows.*order='leading'"):
        PathIntegralLinkage(3, order="exact").fit(rows)
