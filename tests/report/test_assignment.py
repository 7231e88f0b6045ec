from __future__ import annotations

import numpy as np
import pytest

from quantal.clustering import RIM, GraphDegreeLinkage
from quantal.report.assignment import assign, entropy_of, rows_by_cluster
from quantal.report.shown_rows import shown_rows

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.QuantalWarning")


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def test_probabilities_entropies_and_ratios_are_those_of_the_model(generator):
    X = generator.normal(size=(90, 3)).astype(np.float32)
    model = RIM(3, n_epochs=2, n_init=1, random_state=0).fit(X)
    found = assign(model, shown_rows(model, X), generator)
    log_p = model.predict_log_proba(X).astype(float)
    p = np.exp(log_p)
    np.testing.assert_array_equal(found.labels, model.labels_)
    np.testing.assert_array_equal(found.sizes, model.cluster_sizes_)
    np.testing.assert_allclose(found.certainty, p.max(axis=1), rtol=1e-5)
    best = np.sort(log_p, axis=1)
    np.testing.assert_allclose(found.rank, best[:, 2] - best[:, 1], rtol=1e-4, atol=1e-5)
    assert found.conditional_entropy == pytest.approx(model.conditional_entropy_, rel=1e-4)
    assert entropy_of(found.marginal) == pytest.approx(model.marginal_entropy_, rel=1e-4)


def test_separation_compares_the_distances_to_two_means(generator):
    X = np.array([[0.0], [2.0], [0.0], [2.0], [0.0], [2.0], [9.0], [11.0], [9.0], [11.0]])
    model = GraphDegreeLinkage(2, n_neighbors=3).fit(X)
    found = assign(model, shown_rows(model, X), generator)
    assert found.measure == "separation"
    # the means are 1 and 10: a row at 0 is 1 from its own and 10 from the other
    np.testing.assert_allclose(
        found.certainty, [9 / 10, 7 / 8] * 3 + [7 / 8, 9 / 10] * 2, rtol=1e-6
    )
    assert found.conditional_entropy == 0
    np.testing.assert_allclose(found.marginal, [0.6, 0.4])


def test_of_large_clusters_some_rows_are_drawn(generator):
    groups = rows_by_cluster(np.array([2, 0, 0, 0, 0], np.int32), 3, 2, generator)
    assert [len(rows) for rows in groups] == [2, 0, 1]
    assert groups[0].tolist() == sorted(set(groups[0].tolist()))
    assert set(groups[0]) <= {1, 2, 3, 4}


def test_entropy_is_log_k_for_even_shares_and_zero_for_one():
    assert entropy_of(np.full(5, 0.2)) == pytest.approx(np.log(5))
    assert entropy_of(np.array([1.0, 0.0])) == 0
