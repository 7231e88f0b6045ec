"""Codes that reconstruct rows well and differ little from given ones: the Z-step of MAC.

For a row x with code h the cost is ||x - a - z A||^2 + mu Ham(z, h). Since z is 0 or 1 it is, up
to a constant, z G z + g z with G = A A^T and g = -2 A (x - a) + mu (1 - 2 h): small matrices once,
one vector a row. All functions take the vectors of many rows, (n, l), at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_ENUMERATED = 16
BLOCK_BYTES = 16 << 20
MOST_SWEEPS = 100
MOST_RELAXATIONS = 1000
TOLERANCE = 1e-4


@dataclass(frozen=True)
class CodeCost:
    """The cost of codes of n rows, less what does not depend on them.

    Attributes:
        gram: G, (l, l) float64, symmetric.
        linear: g, (n, l) float64.
        penalty: mu, for the relaxed problem.
        codes: h, (n, l) of 0 and 1, likewise.
    """

    gram: NDArray[np.float64]
    linear: NDArray[np.float64]
    penalty: float
    codes: NDArray[np.uint8]

    def __call__(self, codes: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return z G z + g z of each row's code z, shape (n,)."""
        values = codes.astype(np.float64)
        return np.asarray(((values @ self.gram + self.linear) * values).sum(axis=1))


def code_cost(
    rows: NDArray[np.float32],
    codes: NDArray[np.uint8],
    codewords: NDArray[np.float64],
    offset: NDArray[np.float64],
    penalty: float,
) -> CodeCost:
    """Prepare the cost of a decoder and a penalty.

    Args:
        rows: x, (n, d).
        codes: h, what the encoder says, (n, l) of 0 and 1.
        codewords: A, (l, d).
        offset: a, (d,).
        penalty: mu >= 0.
    """
    products = rows @ codewords.T.astype(np.float32) - codewords @ offset
    linear = -2 * products + penalty * (1 - 2.0 * codes)
    return CodeCost(codewords @ codewords.T, linear, penalty, codes)


def best_codes(cost: CodeCost) -> NDArray[np.uint8]:
    """Return the cheapest of all 2 ** l codes for each row, the first of equally cheap ones.

    Args:
        cost: With l <= 16.
    """
    n, n_bits = cost.linear.shape
    every = (np.arange(1 << n_bits)[:, None] >> np.arange(n_bits) & 1).astype(np.uint8)
    values = every.astype(np.float64)
    own = ((values @ cost.gram) * values).sum(axis=1)
    best = np.empty(n, np.intp)
    step = max(1, BLOCK_BYTES // (8 << n_bits))
    for start in range(0, n, step):
        part = slice(start, start + step)
        best[part] = (cost.linear[part] @ values.T + own).argmin(axis=1)
    return every[best]


def flipped_codes(cost: CodeCost, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Change single bits, in order, as long as that makes a row's code cheaper.

    Args:
        cost: The cost.
        codes: (n, l) to begin with.

    Returns:
        (n, l): codes that no change of one bit makes cheaper, or those after 100 sweeps.
    """
    codes = codes.copy()
    active = np.arange(len(codes))
    diagonal = np.diag(cost.gram)
    for _ in range(MOST_SWEEPS):
        values = codes[active].astype(np.float64)
        slopes = 2 * (values @ cost.gram) + cost.linear[active]  # derivative at each bit
        changed = np.zeros(len(active), bool)
        for k in range(values.shape[1]):
            gain = slopes[:, k] + (1 - 2 * values[:, k]) * diagonal[k]  # cost of bit 1 less bit 0
            wanted = np.where(gain == 0, values[:, k], gain < 0)
            step = wanted - values[:, k]
            moves = step != 0
            slopes += (2 * step)[:, None] * cost.gram[k]
            values[:, k] = wanted
            changed |= moves
        codes[active] = values
        active = active[changed]
        if not len(active):
            break
    return codes


def relaxed_codes(cost: CodeCost) -> NDArray[np.float64]:
    """Minimise the cost over the cube [0, 1]^l instead of its corners, by ADMM.

    There Ham(z, h) reads ||z - h||^2, which is the same at the corners and makes the problem
    strictly convex.

    Args:
        cost: The cost.

    Returns:
        (n, l) float64 in [0, 1].
    """
    n, n_bits = cost.linear.shape
    curvature = 2 * (cost.gram + cost.penalty * np.eye(n_bits))
    slope = cost.linear - cost.penalty  # of ||z - h||^2: -2 mu h
    weight = float(np.trace(curvature)) / n_bits or 1.0
    inverse = np.linalg.inv(curvature + weight * np.eye(n_bits))
    inside, duals = np.full((n, n_bits), 0.5), np.zeros((n, n_bits))
    active = np.arange(n)
    found = np.empty((n, n_bits))
    for _ in range(MOST_RELAXATIONS):
        free = (weight * (inside - duals) - slope[active]) @ inverse
        before = inside
        inside = np.clip(free + duals, 0, 1)
        duals = duals + free - inside
        found[active] = inside
        moved = np.maximum(np.abs(free - inside), np.abs(inside - before)).max(axis=1)
        going = moved > TOLERANCE
        active, inside, duals = active[going], inside[going], duals[going]
        if not len(active):
            break
    return found


def rounded_codes(cost: CodeCost, relaxed: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Round a relaxed solution bit by bit, each to the cheaper value given all others.

    Args:
        cost: The cost.
        relaxed: (n, l) in [0, 1].
    """
    values = relaxed.copy()
    slopes = 2 * (values @ cost.gram) + cost.linear
    for k in range(values.shape[1]):
        gain = slopes[:, k] + (1 - 2 * values[:, k]) * cost.gram[k, k]
        step = (gain < 0) - values[:, k]
        slopes += (2 * step)[:, None] * cost.gram[k]
        values[:, k] += step
    return values.astype(np.uint8)


def improved_codes(
    cost: CodeCost, codes: NDArray[np.uint8], most_enumerated: int
) -> NDArray[np.uint8]:
    """Return cheaper codes, never dearer ones: the cheapest where all can be tried.

    Otherwise single bits are changed from two starts, ``codes`` and the rounded minimum over the
    cube, and each row takes the better outcome.

    Args:
        cost: The cost.
        codes: (n, l) now.
        most_enumerated: Bits up to which all codes are tried, at most 16.
    """
    if codes.shape[1] <= most_enumerated:
        found = best_codes(cost)
    else:
        found = flipped_codes(cost, rounded_codes(cost, relaxed_codes(cost)))
        codes = flipped_codes(cost, codes)
    better = cost(found) < cost(codes)
    return np.where(better[:, None], found, codes)
