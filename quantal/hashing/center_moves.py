"""Moving one centre of each subspace: towards its points, and to its distance from the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONJUGATE_STEPS = 8
LADDER = (1.0, 0.5, 0.25, 0.125)  # shares of a Gauss-Newton step that are tried


@dataclass(frozen=True)
class Surroundings:
    """What a centre is drawn to, in M subspaces at once.

    Attributes:
        mean: m, the mean of its points, (M, q).
        others: c_i, all centres, (M, k, q).
        weights: v_i >= 0, how much the distance from each counts, (M, k); 0 for itself.
        wanted: d_i, the distances wanted, (M, k).
    """

    mean: NDArray[np.float64]
    others: NDArray[np.float64]
    weights: NDArray[np.float64]
    wanted: NDArray[np.float64]

    def cost(self, center: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ||c - m||^2 + sum_i v_i (||c - c_i|| - d_i)^2, shape (M,)."""
        misfit = np.square(_lengths(center[:, None] - self.others) - self.wanted)
        away = np.square(center - self.mean).sum(axis=1)
        return np.asarray(away + (self.weights * misfit).sum(axis=1))


def improved_center(center: NDArray[np.float64], around: Surroundings) -> NDArray[np.float64]:
    """Lower the cost of a centre by one damped Gauss-Newton step; it never rises.

    Where no share of the step helps, the minimum of a quadratic upper bound is taken instead.

    Args:
        center: (M, q).
        around: What the cost depends on.

    Returns:
        (M, q).
    """
    cost = around.cost(center)
    step, bound_minimum = _gauss_newton(center, around)
    pending = np.ones(len(center), bool)
    best = center
    for tried in (*(center + share * step for share in LADDER), bound_minimum):
        better = pending & (around.cost(tried) < cost)
        best = np.where(better[:, None], tried, best)
        pending &= ~better
        if not pending.any():
            break
    return best


def _gauss_newton(
    center: NDArray[np.float64], around: Surroundings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Gauss-Newton step and the minimum of the quadratic bound, both (M, q).

    With unit vectors u_i from c_i to c, half the Hessian is approximated by I + V^T V, V having the
    rows sqrt(v_i) u_i. The bound replaces ||c - c_i|| by (c - c_i) u_i where it enters negatively
    (Cauchy-Schwarz; de Leeuw 1977).
    """
    apart = center[:, None] - around.others  # (M, k, q)
    distances = _lengths(apart)
    units = apart / np.maximum(distances, np.finfo(np.float64).tiny)[:, :, None]
    pulls = around.weights * (distances - around.wanted)
    slope = center - around.mean + (pulls[:, None] @ units)[:, 0]  # half the gradient
    rows = np.sqrt(around.weights)[:, :, None] * units
    total = 1 + around.weights.sum(axis=1, keepdims=True)
    return -_solved(rows, slope), center - slope / total


def _solved(rows: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve (I + V^T V) x = right for V = ``rows``, (M, k, q), by a few conjugate gradients.

    Stopped early they still give a direction of descent, and eight steps are as good as all.
    """
    solution = np.zeros_like(right)
    residual, direction = right.copy(), right.copy()
    size = np.square(residual).sum(axis=1)
    tiny = np.finfo(np.float64).tiny
    for _ in range(CONJUGATE_STEPS):
        product = direction + (rows.transpose(0, 2, 1) @ (rows @ direction[:, :, None]))[:, :, 0]
        length = size / np.maximum((direction * product).sum(axis=1), tiny)
        solution += length[:, None] * direction
        residual -= length[:, None] * product
        old, size = size, np.square(residual).sum(axis=1)
        direction = residual + (size / np.maximum(old, tiny))[:, None] * direction
    return solution


def _lengths(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.einsum("mkq,mkq->mk", vectors, vectors)))
