"""k-means whose centres carry binary codes: near centres should have near codes.

All functions treat M subspaces at once: points (M, n, q), centres (M, k, q), k = 2 ** b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .center_moves import Surroundings, improved_center
from .ordered_products import in_order

BLOCK = 4096  # rows whose sums are taken in float32


@dataclass(frozen=True)
class AffinityKMeans:
    """What `affinity_preserving_kmeans` found.

    Attributes:
        centers: (M, k, q) float64; the number of a centre is its code, bit t of value 2 ** t.
        objectives: Sum over subspaces after each turn, shape (turns,), float64.
    """

    centers: NDArray[np.float64]
    objectives: NDArray[np.float64]


def hamming_of_numbers(n_bits: int) -> NDArray[np.int64]:
    """Return the number of differing bits of all pairs of numbers below 2 ** n_bits, (k, k)."""
    numbers = np.arange(1 << n_bits)
    bits = numbers[:, None] >> np.arange(n_bits) & 1
    return np.asarray((bits[:, None] != bits[None]).sum(axis=2))


def hypercube(points: NDArray[np.float32], n_bits: int) -> tuple[NDArray[np.float64], ...]:
    """Return centres at the corners of a cube on the first coordinates, and its sides.

    The half side a is the mean of the coordinates' magnitudes. A coordinate that is missing
    (q < b) makes centres coincide; the first of them then takes the points.

    Args:
        points: (M, n, q), coordinates of the largest variance first.
        n_bits: b.

    Returns:
        Centres (M, 2 ** b, q) and side lengths 2 a, shape (M,), both float64.
    """
    n_subspaces, _, q = points.shape
    used = min(n_bits, q)
    half = np.abs(points[:, :, :used]).mean(axis=(1, 2), dtype=np.float64)
    centers = np.zeros((n_subspaces, 1 << n_bits, q))
    corners = 2.0 * (np.arange(1 << n_bits)[:, None] >> np.arange(used) & 1) - 1  # bit 1: +a
    centers[:, :, :used] = half[:, None, None] * corners
    return centers, 2 * half


def nearest_centers(
    points: NDArray[np.float32], centers: NDArray[np.float64], n_threads: int = 1
) -> NDArray[np.intp]:
    """Return the number of the nearest centre of every point, (M, n); ties go to the lower one.

    Args:
        points: (M, n, q).
        centers: (M, k, q).
        n_threads: Subspaces under work side by side.
    """
    narrow = centers.astype(np.float32)
    half_squares = (np.square(centers).sum(axis=2) / 2).astype(np.float32)

    def nearest(m: int) -> NDArray[np.intp]:
        return np.asarray((points[m] @ narrow[m].T - half_squares[m]).argmax(axis=1))

    return np.stack(list(in_order(nearest, range(len(points)), n_threads)))


def shares_and_means(
    points: NDArray[np.float32],
    nearest: NDArray[np.intp],
    n_centers: int,
    n_threads: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share, (M, k), and the mean, (M, k, q), of each centre's points.

    Args:
        points: (M, n, q).
        nearest: Centre of every point, (M, n).
        n_centers: k.
        n_threads: Subspaces under work side by side.

    Returns:
        Both float64; a centre without points has share and mean 0.
    """
    n = points.shape[1]
    names = np.arange(n_centers)

    def sums(m: int) -> NDArray[np.float64]:
        total = np.zeros((n_centers, points.shape[2]))
        for start in range(0, n, BLOCK):
            member = np.equal.outer(names, nearest[m, start : start + BLOCK]).astype(np.float32)
            total += member @ points[m, start : start + BLOCK]
        return total

    counts = np.stack([np.bincount(row, minlength=n_centers) for row in nearest])
    totals = np.stack(list(in_order(sums, range(len(points)), n_threads)))
    return counts / n, totals / np.maximum(counts, 1)[:, :, None]


def affinity_error(
    centers: NDArray[np.float64], shares: NDArray[np.float64], wanted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return sum_ij w_i w_j (||c_i - c_j|| - d_ij)^2 of each subspace, shape (M,).

    Args:
        centers: c, (M, k, q).
        shares: w, (M, k).
        wanted: d, distances that the codes ask for, (M, k, k).
    """
    squares = np.square(centers).sum(axis=2)
    gram = centers @ centers.transpose(0, 2, 1)
    apart = np.maximum(squares[:, :, None] + squares[:, None, :] - 2 * gram, 0.0)
    errors = np.square(np.sqrt(apart) - wanted)
    return np.asarray(np.einsum("mi,mj,mij->m", shares, shares, errors))


def objective(
    squares: NDArray[np.float64],
    centers: NDArray[np.float64],
    shares: NDArray[np.float64],
    means: NDArray[np.float64],
    wanted: NDArray[np.float64],
    affinity_weight: float,
) -> NDArray[np.float64]:
    """Return the mean squared quantisation error plus the weighted affinity error, shape (M,).

    Args:
        squares: Mean of the points' squared norms, (M,).
        centers: (M, k, q).
        shares: As `shares_and_means` returns them.
        means: Likewise.
        wanted: Distances that the codes ask for, (M, k, k).
        affinity_weight: lambda.
    """
    products = 2 * np.einsum("mkq,mkq->mk", centers, means) - np.square(centers).sum(axis=2)
    quantization = squares - (shares * products).sum(axis=1)
    return np.asarray(quantization + affinity_weight * affinity_error(centers, shares, wanted))


def move_centers(
    centers: NDArray[np.float64],
    shares: NDArray[np.float64],
    means: NDArray[np.float64],
    wanted: NDArray[np.float64],
    affinity_weight: float,
) -> NDArray[np.float64]:
    """Improve one centre after the other at a fixed assignment; no step raises the objective.

    Args:
        centers: (M, k, q).
        shares: As `shares_and_means` returns them.
        means: Likewise.
        wanted: Distances that the codes ask for, (M, k, k).
        affinity_weight: lambda.

    Returns:
        New centres; one without points stays, for it has no weight.
    """
    centers = centers.copy()
    for j in range(centers.shape[1]):
        weights = 2 * affinity_weight * shares
        weights[:, j] = 0
        around = Surroundings(means[:, j], centers, weights, wanted[:, j])
        moved = improved_center(centers[:, j], around)
        centers[:, j] = np.where(shares[:, j, None] > 0, moved, centers[:, j])
    return centers


def affinity_preserving_kmeans(
    points: NDArray[np.float32],
    n_bits: int,
    *,
    affinity_weight: float,
    n_iterations: int,
    n_threads: int = 1,
) -> AffinityKMeans:
    """Find centres near their points, and as far from each other as their codes.

    In each subspace (1/n) sum ||x - c_i(x)||^2 + lambda sum_ij w_i w_j (||c_i - c_j|| -
    s sqrt(Ham(i, j)))^2 is lowered by turns: points go to the nearest centre, then every centre
    moves. s is the side of the first cube, on which all distances are as wanted.

    Args:
        points: Centred coordinates, largest variance first, (M, n, q) float32.
        n_bits: b, bits of a centre's number.
        affinity_weight: lambda, >= 0.
        n_iterations: Most turns, >= 1; fewer if no point changes its centre.
        n_threads: Subspaces under work side by side; nothing depends on it.

    Source: He, Wen, Sun 2013, "K-means Hashing: an Affinity-Preserving Quantization Method",
        Eqs. 4 to 7.
    """
    centers, side = hypercube(points, n_bits)
    wanted = side[:, None, None] * np.sqrt(hamming_of_numbers(n_bits))
    squares = np.einsum("mnq,mnq->m", points, points, dtype=np.float64) / points.shape[1]
    before = None
    objectives = []
    for _ in range(n_iterations):
        nearest = nearest_centers(points, centers, n_threads)
        if before is not None and np.array_equal(nearest, before):
            break
        shares, means = shares_and_means(points, nearest, 1 << n_bits, n_threads)
        centers = move_centers(centers, shares, means, wanted, affinity_weight)
        value = objective(squares, centers, shares, means, wanted, affinity_weight)
        objectives.append(float(value.sum()))
        before = nearest
    return AffinityKMeans(centers, np.array(objectives))
