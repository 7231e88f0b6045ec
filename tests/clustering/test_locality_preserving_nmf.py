from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import NMF

from quantal.clustering import LocalityPreservingNMF
from quantal.clustering.factor_updates import Factorization, Factors, graph_laplacian, roughness
from quantal.clustering.locality_preserving_nmf import ncut_weights
from quantal.errors import DataError
from quantal.graph.pair_distances import pair_distances
from quantal.metrics import evaluate_clustering


@pytest.fixture(scope="module")
def X():
    return load_digits().data[:120]


@pytest.fixture
def factors(X):
    rng = np.random.default_rng(0)
    return Factors(rng.random((120, 5)) + 0.1, rng.random((64, 5)) + 0.1)


def laplacian(X, k=4):
    pairs = pair_distances(X, "neighbors", k, unit_rows=False)
    return graph_laplacian(pairs.weigh(lambda squared: np.exp(-squared / squared.mean())))


def test_turns_without_a_graph_are_those_of_scikit_learn(X, factors):
    started = factors.copy()
    problem = Factorization(X, np.ones(120))
    for _ in range(30):
        problem.turn(factors)
    peer = NMF(
        5, init="custom", solver="mu", beta_loss="kullback-leibler", max_iter=30, tol=0,
    )  # fmt: skip
    rows = peer.fit_transform(X, W=started.rows, H=started.parts.T.copy())
    np.testing.assert_allclose(
        factors.rows @ factors.parts.T, rows @ peer.components_, rtol=1e-4, atol=1e-6
    )
    assert problem.objective(factors) == pytest.approx(peer.reconstruction_err_**2 / 2, rel=1e-4)


@pytest.mark.parametrize("weighting", ["ncut", "equal"])
@pytest.mark.parametrize("init", ["kmeans", "random"])
def test_without_a_graph_the_objective_never_rises(X, weighting, init):
    model = LocalityPreservingNMF(
        5, alpha=0, weighting=weighting, init=init, max_iter=40, random_state=0
    ).fit(X)
    history = np.array(model.history_["objective"])
    assert len(history) == 41
    assert (np.diff(history) <= 1e-9 * history[0]).all()
    assert model.loss_ == history[-1]


def test_with_a_graph_the_objective_ends_lower_and_neighbours_are_alike(X):
    plain, smooth = (
        LocalityPreservingNMF(5, alpha=a, init="random", max_iter=40, random_state=0).fit(X)
        for a in (0, 10)
    )
    assert smooth.history_["objective"][-1] < 0.7 * smooth.history_["objective"][0]
    graph = laplacian(X)

    def unlikeness(v):
        return np.trace(v.T @ (graph @ v)) / (v**2).sum()

    assert unlikeness(smooth.embedding_) < 0.2 * unlikeness(plain.embedding_)


def test_roughness_is_the_sum_over_edges(X, factors):
    graph = laplacian(X).toarray()
    v = factors.rows
    naive = -sum(
        graph[j, m] * ((v[j] - v[m]) * (np.log(v[j]) - np.log(v[m]))).sum()
        for j in range(120)
        for m in range(j)
    )
    assert roughness(v, laplacian(X)) == pytest.approx(naive)


def test_the_update_takes_half_of_roughness_gradient_near_equal_rows(X):
    # v times d roughness / d v is 2 L v where neighbours are nearly equal: alpha / 2 leaves L v.
    graph = laplacian(X)
    v = 1 + 1e-4 * np.random.default_rng(0).random((120, 2))
    numeric = np.empty_like(v)
    for place in np.ndindex(*v.shape):
        step = np.zeros_like(v)
        step[place] = 1e-6
        numeric[place] = (roughness(v + step, graph) - roughness(v - step, graph)) / 2e-6
    np.testing.assert_allclose(v * numeric, 2 * (graph @ v), rtol=5e-2, atol=2e-7)


def test_the_linear_systems_are_solved(X, factors):
    graph = laplacian(X)
    weights = np.random.default_rng(1).random(120) + 0.5
    problem = Factorization(X, weights, laplacian=graph, alpha=7.0)
    right, sums = factors.rows, np.arange(1.0, 6)
    found = problem._smoothed(right, sums, np.zeros_like(right))
    for k in range(5):
        system = 7.0 * graph.toarray() + np.diag(weights * sums[k])
        np.testing.assert_allclose(found[:, k], np.linalg.solve(system, right[:, k]), rtol=1e-4)


def test_a_vanishing_graph_changes_nothing(X):
    first, second = (
        LocalityPreservingNMF(4, alpha=a, max_iter=10, random_state=0).fit(X) for a in (0, 1e-9)
    )
    np.testing.assert_allclose(first.embedding_, second.embedding_, rtol=1e-3, atol=1e-6)


def test_weights_of_rows_are_one_over_their_product_with_the_sum(X):
    problem = Factorization(np.vstack([X, np.zeros(64)]), np.ones(121))
    weights = ncut_weights(problem)
    products = X @ X.sum(axis=0)
    np.testing.assert_allclose(weights[:-1] * products, weights[0] * products[0])
    assert weights[-1] == 1


def test_negative_entries_are_shifted_clipped_or_refused(X):
    moved = X - 5.0
    shifted = LocalityPreservingNMF(4, max_iter=5, random_state=0).fit(moved)
    assert shifted.offset_ == 5
    same = LocalityPreservingNMF(4, max_iter=5, random_state=0).fit(X)
    np.testing.assert_allclose(shifted.embedding_, same.embedding_, rtol=1e-3, atol=1e-5)
    clipped = LocalityPreservingNMF(4, alpha=0, negative="clip", max_iter=5, random_state=0)
    wanted = clipped.fit(np.maximum(moved, 0)).embedding_
    np.testing.assert_allclose(clipped.fit(moved).embedding_, wanted, rtol=1e-3, atol=1e-5)
    with pytest.raises(DataError, match=r"down to -5, where negative='refuse'.*negative='shift'"):
        LocalityPreservingNMF(4, negative="refuse").fit(moved)


@pytest.mark.parametrize("preset", [False, True])
@pytest.mark.parametrize("power", [-45, -7, 40])
def test_the_unit_of_the_rows_does_not_matter(X, preset, power):
    def fitted(x):
        if preset:
            model = LocalityPreservingNMF.from_preset("jule-tables", n_clusters=4, random_state=0)
            return model.set_params(max_iter=8, n_init=2).fit(x)
        return LocalityPreservingNMF(4, max_iter=8, random_state=0).fit(x)

    unit = 2.0**power
    plain, scaled = fitted(X), fitted(X * unit)
    np.testing.assert_array_equal(scaled.labels_, plain.labels_)
    np.testing.assert_allclose(scaled.embedding_, plain.embedding_ * unit, rtol=1e-6)
    assert scaled.loss_ == pytest.approx(plain.loss_ * unit)


def test_more_factors_than_rows_are_possible():
    x = np.random.default_rng(0).random((6, 9))
    model = LocalityPreservingNMF(2, n_factors=8, max_iter=3, random_state=0).fit(x)
    assert model.components_.shape == (8, 9)


def test_a_graph_clusters_digits_better():
    digits = load_digits()
    accuracy = [
        evaluate_clustering(
            digits.target,
            LocalityPreservingNMF(10, alpha=a, max_iter=30, random_state=0)
            .fit(digits.data)
            .labels_,
            n_resamples=0,
        ).accuracy
        for a in (0, 10)
    ]
    assert accuracy[1] > 0.78 > accuracy[0]
