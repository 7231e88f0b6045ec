"""Toy data whose right clustering can be seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import require_range


def spirals(
    n_arcs: int, n_per_arc: int, generator: np.random.Generator, *, noise: float = 0.05
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points on interleaved spiral arcs in the plane.

    Each arc makes half a turn while its radius grows from 0.4 to 2; the arcs are rotations of one
    another. Points are spread evenly along the arc, with Gaussian noise on both coordinates.

    Args:
        n_arcs: arcs, at least 1.
        n_per_arc: points on each, at least 2.
        generator: draws the noise and the order of the rows.
        noise: its standard deviation, in the unit of the coordinates.

    Returns:
        (n_arcs * n_per_arc, 2) float32 points and the arc of each, int64.

    Raises:
        ParameterError: for a number out of range.

    Source: Hu et al. 2017, arXiv:1702.08720, Fig. 5 and App. I (300 points an arc; number of
    arcs, turns and noise are not stated and are ours).
    """
    require_range("n_arcs", n_arcs, low=1, integer=True)
    require_range("n_per_arc", n_per_arc, low=2, integer=True)
    require_range("noise", noise, low=0)
    along = np.linspace(0.0, 1.0, n_per_arc)
    radius = 0.4 + 1.6 * along
    arc = np.repeat(np.arange(n_arcs), n_per_arc)
    angle = np.tile(np.pi * along, n_arcs) + 2 * np.pi * arc / n_arcs
    points = np.tile(radius, n_arcs)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    points += generator.normal(scale=noise, size=points.shape)
    order = generator.permutation(len(points))
    return points[order].astype(np.float32), arc[order].astype(np.int64)
