"""Rows as blends of their nearest landmarks, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..data.memory_map import release_pages
from ..estimators.input_rows import len_of

BLOCK = 512  # rows of one product; the last block is filled up with zeros


def row_blocks(
    x: Any, *, unit: bool, means: NDArray[np.float64] | None = None, whole: bool = False
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield the first row's number and rows as dense float32, always (512, d).

    A product may round differently for another number of rows; of blocks of one size each row's
    result is the same, however rows are passed.

    Args:
        x: (n, d) array, memory map or CSR array.
        unit: bring every row that is not zero to length 1.
        means: (d,), taken off every row before; None: nothing is.
        whole: yield one block with all rows, and no others.
    """
    n = len_of(x)
    step = n if whole else BLOCK
    for start in range(0, n, step):
        part = x[start : start + step]
        part = part.toarray() if sp.issparse(part) else np.asarray(part)
        rows = np.zeros((step, x.shape[1]), np.float32)
        rows[: len(part)] = part if means is None else part - means
        if unit:
            lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
            rows /= np.where(lengths > 0, lengths, 1)[:, None].astype(np.float32)
        yield start, rows
        release_pages(x)


def column_means(x: Any) -> NDArray[np.float64]:
    """Return the mean of every column of an (n, d) array, memory map or CSR array, shape (d,)."""
    total = np.zeros(x.shape[1])
    for _, rows in row_blocks(x, unit=False):
        total += rows.sum(axis=0, dtype=np.float64)
    return total / len_of(x)


def distance_unit(
    blocks: Iterable[tuple[int, NDArray[np.float32]]],
    n: int,
    landmarks: NDArray[np.float32],
    *,
    squared: bool,
) -> float:
    """Return the mean distance, or mean squared distance, of rows and landmarks; at least tiny.

    Args:
        blocks: from `row_blocks`.
        n: number of rows.
        landmarks: (p, d).
        squared: the mean of the squares.
    """
    total = 0.0
    for start, rows in blocks:
        found = _squared_distances(rows[: n - start], landmarks)
        total += float((found if squared else np.sqrt(found)).sum(dtype=np.float64))
    return max(total / (n * len(landmarks)), 1e-30)


@dataclass(frozen=True)
class LandmarkBlend:
    """Weights of each row's nearest landmarks.

    Attributes:
        landmarks: (p, d) float32.
        sigma: Width of the kernel.
        n_nearest: Landmarks of a row; at most p are used.
    """

    landmarks: NDArray[np.float32]
    sigma: float
    n_nearest: int

    def weights(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return numbers and weights of the nearest landmarks, (b, r) each; weights sum to 1."""
        squared = _squared_distances(rows, self.landmarks)
        r = min(self.n_nearest, len(self.landmarks))
        near = np.argpartition(squared, r - 1, axis=1)[:, :r]
        squared = np.take_along_axis(squared, near, axis=1).astype(np.float64)
        # Relative to the nearest one, which keeps its weight however narrow the kernel is.
        squared -= squared.min(axis=1, keepdims=True)
        kernel = np.exp(-squared / (2 * self.sigma**2))
        return near, kernel / kernel.sum(axis=1, keepdims=True)

    def gram(
        self, blocks: Iterable[tuple[int, NDArray[np.float32]]], n: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return Z^T Z, (p, p), and the column sums of Z, (p,), over all rows.

        Args:
            blocks: from `row_blocks`.
            n: number of rows; what fills up the last block is no row.
        """
        p = len(self.landmarks)
        gram, sums = np.zeros((p, p)), np.zeros(p)
        for start, rows in blocks:
            near, weights = self.weights(rows)
            near, weights = near[: n - start], weights[: n - start]
            sums += np.bincount(near.ravel(), weights.ravel(), minlength=p)
            z = self._sparse(near, weights)
            product = (z.T @ z).tocoo()
            gram[product.row, product.col] += product.data
        return gram, sums

    def project(self, rows: NDArray[np.float32], basis: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return Z times a basis, (b, d) rows and (p, m) -> (b, m)."""
        product: NDArray[np.float64] = self._sparse(*self.weights(rows)) @ basis
        return product

    def _sparse(self, near: NDArray[np.int64], weights: NDArray[np.float64]) -> Any:
        start = np.arange(0, near.size + 1, near.shape[1])
        shape = (len(near), len(self.landmarks))
        z = sp.csr_array((weights.ravel(), near.ravel(), start), shape=shape)
        z.sort_indices()  # one order of sums for one set of landmarks
        return z


def _squared_distances(
    rows: NDArray[np.float32], landmarks: NDArray[np.float32]
) -> NDArray[np.float32]:
    middle = landmarks.mean(axis=0)  # a large offset would cost digits
    rows, landmarks = rows - middle, landmarks - middle
    left = np.einsum("ij,ij->i", rows, rows)[:, None]
    right = np.einsum("ij,ij->i", landmarks, landmarks)
    squared: NDArray[np.float32] = np.maximum(left + right - 2 * (rows @ landmarks.T), 0)
    return squared
