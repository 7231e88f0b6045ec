"""Multiplicative updates of a non-negative factorisation with smooth factors on a graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..data.memory_map import release_pages

LEAST = 1e-10  # entries of the factors: a product that reaches zero could never leave it
_BLOCK = 1024
_CG_TURNS = 50
_CG_TOLERANCE = 1e-6


@dataclass
class Factors:
    """X is near V U^T, all entries positive.

    Attributes:
        rows: V, shape (n, f), float64: how much of each part a row has.
        parts: U, shape (d, f), float64; columns sum to 1 between turns.
    """

    rows: NDArray[np.float64]
    parts: NDArray[np.float64]

    def copy(self) -> Factors:
        """Return factors that can be changed without changing these."""
        return Factors(self.rows.copy(), self.parts.copy())

    def sum_to_one(self) -> None:
        """Bring the columns of ``parts`` to sum 1, and ``rows`` along: the product stays."""
        sums = np.maximum(self.parts.sum(axis=0), LEAST)
        self.parts /= sums
        self.rows *= sums


class Factorization:
    """The objective and a turn of both updates.

    The objective is the divergence sum_j g_j sum_i (x_ji log(x_ji / y_ji) - x_ji + y_ji) with
    Y = V U^T and x in ``unit``, plus alpha / 2 times `roughness`.

    Args:
        x: (n, d) array, memory map or CSR array; read in blocks.
        weights: g, shape (n,), > 0 where the row is not zero.
        offset: what is added to every entry of x first.
        unit: what every sum is then divided by, > 0; entries far below 1 would fall under `LEAST`.
        laplacian: (n, n) CSR array of the graph; None without one.
        alpha: weight of the graph.
    """

    def __init__(
        self,
        x: Any,
        weights: NDArray[np.float64],
        *,
        offset: float = 0.0,
        unit: float = 1.0,
        laplacian: Any = None,
        alpha: float = 0.0,
    ) -> None:
        self.x = x
        self.weights = weights
        self.offset = offset
        self.unit = unit
        self.laplacian = laplacian
        self.alpha = alpha if laplacian is not None else 0.0

    def blocks(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield a slice of rows and these as dense float64, none negative."""
        n = int(self.x.shape[0])
        for start in range(0, n, _BLOCK):
            part = slice(start, min(start + _BLOCK, n))
            found = self.x[part]
            dense = found.toarray() if sp.issparse(found) else np.asarray(found)
            # What is left below zero was asked to be clipped.
            yield part, np.maximum(dense.astype(np.float64) + self.offset, 0) / self.unit
            release_pages(self.x)

    def turn(self, factors: Factors) -> None:
        """Update the rows and then the parts, in place."""
        self._update_rows(factors)
        self._update_parts(factors)
        factors.sum_to_one()

    def _update_rows(self, factors: Factors) -> None:
        for part, x in self.blocks():
            own = factors.rows[part]
            ratio = x / np.maximum(own @ factors.parts.T, LEAST)
            own *= ratio @ factors.parts  # for now V times the weighted ratios
        sums = factors.parts.sum(axis=0)
        if self.alpha == 0:
            factors.rows /= np.maximum(sums, LEAST)
        else:
            start = factors.rows / np.maximum(sums, LEAST)
            right = self.weights[:, None] * factors.rows
            factors.rows[:] = self._smoothed(right, sums, start)
        np.maximum(factors.rows, LEAST, out=factors.rows)

    def _update_parts(self, factors: Factors) -> None:
        weighted = self.weights[:, None] * factors.rows
        gathered = np.zeros_like(factors.parts)
        for part, x in self.blocks():
            ratio = x / np.maximum(factors.rows[part] @ factors.parts.T, LEAST)
            gathered += ratio.T @ weighted[part]
        factors.parts *= gathered / np.maximum(weighted.sum(axis=0), LEAST)
        np.maximum(factors.parts, LEAST, out=factors.parts)

    def _smoothed(
        self, right: NDArray[np.float64], sums: NDArray[np.float64], start: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Solve (alpha L + s_k diag(g)) v_k = r_k for all columns k by conjugate gradients."""
        own = self.weights[:, None] * sums + LEAST
        diagonal = self.alpha * self.laplacian.diagonal()[:, None] + own

        def apply(v: NDArray[np.float64]) -> NDArray[np.float64]:
            product: NDArray[np.float64] = self.alpha * (self.laplacian @ v) + own * v
            return product

        v = start.copy()
        residual = right - apply(v)
        ahead = residual / diagonal
        direction = ahead.copy()
        size = (residual * ahead).sum(axis=0)
        enough = _CG_TOLERANCE**2 * np.maximum((right * right / diagonal).sum(axis=0), LEAST**2)
        for _ in range(_CG_TURNS):
            if (size <= enough).all():
                break
            applied = apply(direction)
            step = size / np.maximum((direction * applied).sum(axis=0), LEAST**4)
            v += step * direction
            residual -= step * applied
            ahead = residual / diagonal
            new = (residual * ahead).sum(axis=0)
            direction = ahead + (new / np.maximum(size, LEAST**4)) * direction
            size = new
        return v

    def objective(self, factors: Factors) -> float:
        """Return the value of the objective."""
        total = 0.0
        for part, x in self.blocks():
            y = np.maximum(factors.rows[part] @ factors.parts.T, LEAST)
            logs = np.log(np.where(x > 0, x / y, 1))
            total += float(self.weights[part] @ (x * logs - x + y).sum(axis=1))
        if self.alpha == 0:
            return total
        return total + self.alpha / 2 * roughness(factors.rows, self.laplacian)


def roughness(rows: NDArray[np.float64], laplacian: Any) -> float:
    """Return the sum over edges of W_jl (v_jk - v_lk) (log v_jk - log v_lk), over all columns k.

    Args:
        rows: (n, f), > 0.
        laplacian: (n, n) of the graph.
    """
    # sum over edges of W (a_j - a_l) (b_j - b_l) is a^T L b for any a and b.
    return float((rows * (laplacian @ np.log(rows))).sum())


def graph_laplacian(affinity: Any) -> Any:
    """Return D - W of a symmetric CSR array without a diagonal, as CSR."""
    degrees = np.asarray(affinity.sum(axis=1)).ravel()
    return sp.csr_array(sp.diags_array(degrees) - affinity)
