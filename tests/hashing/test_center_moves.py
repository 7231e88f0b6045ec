from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from quantal.hashing.center_moves import Surroundings, improved_center


def surroundings(seed, n_subspaces=3, k=6, q=4):
    rng = np.random.default_rng(seed)
    weights = rng.exponential(size=(n_subspaces, k))
    weights[:, 0] = 0  # the centre itself
    return Surroundings(
        rng.normal(size=(n_subspaces, q)),
        rng.normal(size=(n_subspaces, k, q)),
        weights,
        rng.exponential(2.0, size=(n_subspaces, k)),
    )


def cost_slowly(center, around, m):
    cost = np.sum((center - around.mean[m]) ** 2)
    for i in range(around.others.shape[1]):
        distance = np.sqrt(np.sum((center - around.others[m, i]) ** 2))
        cost += around.weights[m, i] * (distance - around.wanted[m, i]) ** 2
    return cost


def test_the_cost_is_the_definition():
    around = surroundings(0)
    center = np.random.default_rng(1).normal(size=(3, 4))
    expected = [cost_slowly(center[m], around, m) for m in range(3)]
    np.testing.assert_allclose(around.cost(center), expected, rtol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_no_step_raises_the_cost_and_steps_end_at_a_minimum(seed):
    around = surroundings(seed)
    center = around.others[:, 0]
    costs = [around.cost(center)]
    for _ in range(200):
        center = improved_center(center, around)
        costs.append(around.cost(center))
    assert (np.diff(costs, axis=0) <= 0).all()
    for m in range(3):
        local = minimize(cost_slowly, center[m], args=(around, m), method="BFGS")
        assert costs[-1][m] <= local.fun * (1 + 1e-4)


def test_without_neighbours_a_centre_goes_to_the_mean_of_its_points_at_once():
    around = surroundings(0)
    around.weights[:] = 0
    np.testing.assert_allclose(improved_center(around.others[:, 1], around), around.mean)


def test_two_points_on_a_line_have_a_closed_form():
    """(c - m)^2 + v (|c - 0| - d)^2 is least at (m + v d) / (1 + v)."""
    around = Surroundings(
        np.array([[1.0]]), np.array([[[2.0], [0.0]]]), np.array([[0.0, 3.0]]), np.array([[0.0, 5]])
    )
    found = improved_center(np.array([[2.0]]), around)
    assert found[0, 0] == pytest.approx((1 + 3 * 5) / 4)


def test_a_centre_on_top_of_another_stays_finite():
    around = surroundings(0)
    around.others[:, 2] = around.others[:, 0]
    assert np.isfinite(improved_center(around.others[:, 0], around)).all()
