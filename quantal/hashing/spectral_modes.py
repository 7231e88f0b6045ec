"""The slowest oscillations that fit into a box: the functions that spectral hashing thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def slowest_modes(
    ranges: NDArray[np.floating[Any]], n_modes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the modes of lowest frequency among those that vary along one side of a box.

    Mode k of side i is ``cos(k pi u / R_i)`` with u in [0, R_i]: the eigenfunctions of the
    Laplacian on that side, whose eigenvalues rise with the frequency k pi / R_i. Equal frequencies
    are ordered by side. Sides of length 0 have no modes.

    Args:
        ranges: lengths R of the sides, shape (p,), >= 0, not all 0.
        n_modes: number of modes wanted, >= 1.

    Returns:
        Side and order k >= 1 of each mode, shape (n_modes,) each, slowest first.

    Source: Weiss, Torralba, Fergus 2008, "Spectral Hashing"; the authors' trainSH.m.
    Differs: the authors list at most ceil((n_modes + 1) R_i / max R) - 1 modes of a side before
        they sort. The longest side alone has n_modes modes slower than that bound, so it never
        excludes one that is chosen, and is left out here.
    """
    orders = np.arange(1, n_modes + 1)
    with np.errstate(divide="ignore"):
        frequencies = orders / ranges[:, None].astype(np.float64)  # (p, n_modes), times pi
    chosen = np.argsort(frequencies, axis=None, kind="stable")[:n_modes]
    sides, positions = np.unravel_index(chosen, frequencies.shape)
    return sides.astype(np.int64), orders[positions].astype(np.int64)
