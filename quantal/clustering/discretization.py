"""From continuous eigenvectors to the nearest partition: the rotation of Yu and Shi."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..graph.spectral import unit_length_rows
from .embedded_kmeans import orthogonal_rows

_TURNS = 100


def discretize(
    vectors: NDArray[np.float64], generator: np.random.Generator
) -> tuple[NDArray[np.int64], float]:
    """Find the partition and the rotation of the eigenvectors that are nearest to each other.

    Given a rotation, each row belongs to the axis along which it is largest; given a partition Y,
    the best rotation of the rows V is S' S^T of Y^T V = S W S'^T. Neither step raises the distance.

    Args:
        vectors: (n, k) eigenvectors, n >= k; rows are brought to length 1 first.
        generator: draws the row at which the rotation starts.

    Returns:
        labels: (n,) int64 from 0 to k - 1.
        distance: 2 (n - sum W), the squared distance reached.

    Source: Yu and Shi 2003, "Multiclass Spectral Clustering", Section 3.
    """
    rows = unit_length_rows(vectors)
    n, k = rows.shape
    rotation = rows[orthogonal_rows(rows, k, generator)].T
    before = np.inf
    for _ in range(_TURNS):
        labels = (rows @ rotation).argmax(axis=1)
        gathered = np.zeros((k, k))
        np.add.at(gathered, labels, rows)  # Y^T V
        left, singular, right = np.linalg.svd(gathered)
        distance = 2 * (n - float(singular.sum()))
        if before - distance < np.finfo(np.float64).eps * n:
            break
        before = distance
        rotation = right.T @ left.T
    return labels.astype(np.int64), distance
