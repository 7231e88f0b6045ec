"""The rotation that brings points closest to the corners of a cube: the heart of ITQ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .ordered_products import in_order

BLOCK_FLOATS = 1 << 17  # half a MiB of points: three such arrays stay in a core's cache
BLOCKS_A_SPAN = 4  # blocks that one thread takes at a time


def random_rotation(size: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return an orthogonal matrix drawn uniformly, shape (size, size), float64.

    Args:
        size: number of rows and columns.
        generator: source of the draw.

    Source: Mezzadri 2007, arXiv:math-ph/0609050: the signs of R's diagonal make QR unique.
    """
    q, r = np.linalg.qr(generator.standard_normal((size, size)))
    return np.asarray(q * np.where(np.diag(r) < 0, -1.0, 1.0))


def signs_times_points(
    points: NDArray[np.float32], rotation: NDArray[np.float64], n_threads: int = 1
) -> NDArray[np.float64]:
    """Return B^T V for V = ``points`` and B = sgn(V R), where sgn(0) = +1; shape (m, m).

    Products are float32 within a block of rows; blocks are summed in float64, in their order.

    Args:
        points: (n, m), float32.
        rotation: R, (m, m).
        n_threads: spans of blocks multiplied side by side.
    """
    n, m = points.shape
    step = max(256, BLOCK_FLOATS // m)
    turn = rotation.astype(np.float32)

    def of_span(first: int) -> NDArray[np.float64]:
        turned, positive = np.empty((2, min(n, step), m), np.float32)
        total, sums = np.zeros((m, m)), np.zeros(m)
        for start in range(first, min(n, first + BLOCKS_A_SPAN * step), step):
            block = points[start : start + step]
            b = len(block)
            np.matmul(block, turn, out=turned[:b])
            np.greater_equal(turned[:b], 0, out=positive[:b], casting="unsafe")  # 1 where B is +1
            total += positive[:b].T @ block
            sums += block.sum(axis=0)
        return 2 * total - sums  # B = 2 * positive - 1

    total = np.zeros((m, m))
    for part in in_order(of_span, range(0, n, BLOCKS_A_SPAN * step), n_threads):
        total += part
    return total


def quantizing_rotation(
    points: NDArray[np.float32],
    n_iter: int,
    generator: np.random.Generator,
    n_threads: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Minimise ||B - V R||_F^2 over signs B and rotations R in turn.

    Given R the best signs are B = sgn(V R); given B the best rotation follows from the singular
    value decomposition B^T V = S Omega S'^T as R = S' S^T (orthogonal Procrustes problem).

    Args:
        points: V, (n, m), float32: rows in principal coordinates.
        n_iter: number of turns, >= 1.
        generator: source of the first rotation.
        n_threads: blocks multiplied side by side; the result does not depend on it.

    Returns:
        R, shape (m, m), float64, and the loss per row after each turn, shape (n_iter,), float64,
        which never rises but for rounding.

    Source: Gong and Lazebnik 2011, "Iterative Quantization", Section 2.2.
    """
    n, m = points.shape
    rotation = random_rotation(m, generator)
    squares = float(np.einsum("nm,nm->", points, points, dtype=np.float64))
    losses = np.empty(n_iter)
    for turn in range(n_iter):
        product = signs_times_points(points, rotation, n_threads)
        left, strengths, right = np.linalg.svd(product)
        rotation = right.T @ left.T
        losses[turn] = m + (squares - 2 * strengths.sum()) / n  # tr(B^T V R) = sum of strengths
    return rotation, losses
