"""Rows as points in the plane: the two directions in which they vary most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .shown_rows import ShownRows

MOST_POINTS = 3000
MOST_VALUES = 12 << 20  # numbers of the points' rows, 96 MB
WIDTH, HEIGHT, MARGIN = 480, 420, 14
LEAST_HEIGHT = 110


@dataclass(frozen=True)
class PointGroup:
    """Points of one colour.

    Attributes:
        name: What they share.
        color: Number of the colour; -1 is the quiet one.
        path: Their places, as the path of a drawing.
        label: x, y and text of a mark at their middle, or None.
        n_points: How many they are.
    """

    name: str
    color: int
    path: str
    label: tuple[float, float, str] | None
    n_points: int


@dataclass(frozen=True)
class PointMap:
    """A map of some rows.

    Attributes:
        title: In which space the rows are.
        groups: The points by colour.
        shares: Share of the variance along the first and the second direction.
        height: Of the drawing, whose width is 480.
        n_points: Rows drawn.
        n_rows: Rows of which they are a sample.
    """

    title: str
    groups: list[PointGroup]
    shares: tuple[float, float]
    height: int
    n_points: int
    n_rows: int


def sampled_rows(shown: ShownRows, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return the numbers of the rows to draw, ascending: all, or some thousands at random."""
    n = len(shown)
    most = max(2, min(MOST_POINTS, MOST_VALUES // shown.dataset.n_features))
    return np.arange(n) if n <= most else np.sort(generator.choice(n, most, replace=False))


def coordinates(
    rows: Any, generator: np.random.Generator
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return the first two principal components, and their shares of the variance.

    Args:
        rows: (m, d) dense or sparse.
        generator: starts the search for the directions, which are found to rounding.

    Returns:
        (m, 2) positions, and the shares, 0 for a direction that does not exist.
    """
    from sklearn.decomposition import PCA

    dense = rows.toarray() if sp.issparse(rows) else np.asarray(rows)
    dense = dense.reshape(len(dense), -1).astype(np.float64)
    n_found = min(2, *dense.shape)
    points, shares = np.zeros((len(dense), 2)), [0.0, 0.0]
    if dense.std(axis=0).max() > 0:
        pca = PCA(n_found, random_state=int(generator.integers(2**31)))
        points[:, :n_found] = pca.fit_transform(dense)
        shares[:n_found] = pca.explained_variance_ratio_.tolist()
    return points, (shares[0], shares[1])


def prepared(model: Any, rows: Any) -> Any:
    """Return rows in the units in which the model reads them, if it has any of its own."""
    inner = getattr(model, "embedder_", model)
    preparation = getattr(inner, "preparation_", getattr(inner, "preparation", None))
    return rows if preparation is None else preparation(rows)


def placed(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Return positions within the drawing, with one scale for both directions, and its height."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN])
    extent = np.where(high > low, high - low, 1e-300)
    scale = min(float((room / extent).min()), 1e300)
    height = min(HEIGHT, max(LEAST_HEIGHT, math.ceil(extent[1] * scale) + 2 * MARGIN))
    places = (points - (low + high) / 2) * [scale, -scale] + [WIDTH / 2, height / 2]
    return places, height


def point_group(
    name: str, color: int, places: NDArray[np.float64], label: str | None = None
) -> PointGroup:
    """Return points of one colour.

    Args:
        name: what they share.
        color: number of the colour; -1 is the quiet one.
        places: (m, 2) positions in the drawing, m at least 1.
        label: written at their middle.
    """
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places.tolist())
    mark = None
    if label is not None:
        x, y = np.median(places, axis=0).tolist()
        mark = (round(x, 1), round(y, 1), label)
    return PointGroup(name, color, path, mark, len(places))


def cluster_map(
    title: str,
    points: NDArray[np.float64],
    shares: tuple[float, float],
    labels: NDArray[np.int32],
    clusters: NDArray[np.int64],
    n_rows: int,
) -> PointMap:
    """Return the points coloured by cluster; those of clusters not named are quiet.

    Args:
        title: in which space the rows are.
        points: (m, 2).
        shares: of the variance along both directions.
        labels: (m,) cluster of each point.
        clusters: the clusters that have a colour, in the order of the colours.
        n_rows: rows of which the points are a sample.
    """
    places, height = placed(points)
    others = ~np.isin(labels, clusters)
    groups = [point_group("other clusters", -1, places[others])] if others.any() else []
    for color, cluster in enumerate(clusters.tolist()):
        mine = places[labels == cluster]
        if len(mine):
            groups.append(point_group(f"cluster {cluster}", color, mine, str(cluster)))
    return PointMap(title, groups, shares, height, len(points), n_rows)


def distance_map(
    title: str,
    points: NDArray[np.float64],
    shares: tuple[float, float],
    distances: NDArray[np.int64],
    n_bits: int,
    n_rows: int,
) -> PointMap:
    """Return the points shaded by a Hamming distance, the near ones drawn last.

    Args:
        title: in which space the rows are, and from what the distance is.
        points: (m, 2).
        shares: of the variance along both directions.
        distances: (m,) 0 to ``n_bits``.
        n_bits: length of the codes.
        n_rows: rows of which the points are a sample.
    """
    places, height = placed(points)
    edges = sorted({math.ceil(n_bits * share) for share in (0.0625, 0.125, 0.25, 0.375, 0.5)})
    groups, low = [], 0
    for i, high in enumerate([*edges, n_bits + 1]):
        mine = places[(distances >= low) & (distances < high)]
        if len(mine):
            name = f"{low} to {high - 1} bits away" if high - low > 1 else f"{low} bits away"
            groups.append(point_group(name, i, mine))
        low = high
    return PointMap(title, groups[::-1], shares, height, len(points), n_rows)
