"""Dividing principal directions among subspaces so that each is equally hard to quantise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_SHARE = 1e-6  # of the largest variance: what is below counts as this, for the logarithm


def balanced_subspaces(variances: NDArray[np.float64], n_subspaces: int) -> NDArray[np.int64]:
    """Deal principal directions out so that the products of their variances balance.

    From the largest variance down, each direction goes to the subspace with the smallest product
    so far (of variances relative to the smallest one) that has room. Where the number of
    directions is no multiple of the number of subspaces, the first ones have one more.

    Args:
        variances: Variance along each direction, largest first, shape (d,).
        n_subspaces: M, at least 1; may exceed d.

    Returns:
        Numbers of directions in the order dealt, shape (M, ceil(d / M)), int64; -1 where a
        subspace has none left.

    Source: Ge, He, Ke, Sun 2013, "Optimized Product Quantization", Section 3.2.2 (eigenvalue
        allocation), which assumes that M divides d.
    """
    d = len(variances)
    room = np.full(n_subspaces, d // n_subspaces)
    room[: d % n_subspaces] += 1
    logs = np.log(np.maximum(variances, LEAST_SHARE * variances[0]) / variances[0])
    lengths = logs - logs[-1]  # >= 0, or the emptiest subspace would look emptier for each it gets
    dealt = np.full((n_subspaces, -(-d // n_subspaces)), -1, np.int64)
    held = np.zeros(n_subspaces, np.int64)
    totals = np.zeros(n_subspaces)
    for number, length in enumerate(lengths):
        chosen = int(np.argmin(np.where(held < room, totals, np.inf)))
        dealt[chosen, held[chosen]] = number
        held[chosen] += 1
        totals[chosen] += length
    return dealt
