"""The directions along which rows vary most, from one pass over the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .centred_rows import CentredRows
from .ordered_products import in_order

MOST_COLUMNS = 16_384  # a covariance of 2 GiB
NOISE = 1e-6  # of the largest variance: float32 sums cannot tell less from nothing
SAFE = (1e-12, 1e12)  # largest entries whose squares and sums of squares suit float32
TIE = 1e-9  # entries of a unit vector closer than this count as equally large


@dataclass(frozen=True)
class PrincipalComponents:
    """Leading principal directions of centred rows.

    Attributes:
        directions: Orthonormal columns, the largest variance first, shape (d, m), float64.
        variances: Variance along each, divided by n, shape (m,), float64, >= 0.
    """

    directions: NDArray[np.float64]
    variances: NDArray[np.float64]

    @property
    def rank(self) -> int:
        """Number of directions whose variance is more than rounding, at least 1."""
        return max(1, int((self.variances > NOISE * self.variances[0]).sum()))


def covariance_of(rows: CentredRows, n_threads: int = 1) -> NDArray[np.float64]:
    """Return the covariance of rows centred at their mean, divided by n, shape (d, d), float64.

    Products are float32 within a block, which is float64 where squares would overflow or vanish;
    blocks are summed in float64. Blocks depend on the number of columns only.

    Args:
        rows: n rows of d columns, less their mean.
        n_threads: blocks multiplied side by side.

    Raises:
        DataError: More than 16,384 columns, or values beyond float32.
    """
    d = rows.n_columns
    if d > MOST_COLUMNS:
        raise DataError(
            f"X has {d} columns, but principal components are computed for at most "
            f"{MOST_COLUMNS}. Reduce the columns first, for example with "
            "sklearn.decomposition.TruncatedSVD."
        )
    total = np.zeros((d, d))
    for product in in_order(_with_itself, (block for _, block in rows.blocks()), n_threads):
        total += product
    total /= len(rows)
    return total


def _with_itself(block: NDArray[np.float32]) -> NDArray[Any]:
    """Return block^T block, (d, d): numpy computes half of such a symmetric product."""
    reach = max(float(block.max()), -float(block.min()))
    if reach == np.inf:
        raise DataError(
            "X holds values beyond the range of float32 (3.4e38). Bring the columns to one scale, "
            "for example with sklearn.preprocessing.StandardScaler."
        )
    if SAFE[0] < reach < SAFE[1]:
        return block.T @ block
    wide = block.astype(np.float64)
    return wide.T @ wide


def principal_components(
    rows: CentredRows, n_components: int, n_threads: int = 1
) -> PrincipalComponents:
    """Return the leading principal directions of all rows.

    Each direction's entry of largest magnitude is positive (the first such entry, if several),
    so the result does not depend on which of two opposite vectors a library happens to return.

    Args:
        rows: n rows of d columns, less their mean.
        n_components: number of directions m, 1 to d.
        n_threads: blocks multiplied side by side.

    Raises:
        DataError: As for `covariance_of`.
    """
    from scipy.linalg import eigh

    covariance = covariance_of(rows, n_threads)
    d = len(covariance)
    variances, directions = eigh(covariance, subset_by_index=[d - n_components, d - 1])
    variances, directions = variances[::-1], directions[:, ::-1]  # eigh sorts them ascending
    size = np.abs(directions)
    first_largest = (size >= size.max(axis=0) - TIE).argmax(axis=0)
    negative = directions[first_largest, np.arange(n_components)] < 0
    return PrincipalComponents(
        np.where(negative, -directions, directions), np.maximum(variances, 0.0)
    )


def coordinates(
    rows: CentredRows,
    directions: NDArray[np.float64],
    numbers: NDArray[np.int64] | None = None,
    n_threads: int = 1,
) -> NDArray[np.float32]:
    """Return the products of rows with directions, shape (n, m), float32, read block by block.

    Args:
        rows: the data, d columns.
        directions: (d, m).
        numbers: ascending numbers of the rows wanted; None means all.
        n_threads: blocks multiplied side by side.
    """
    n = len(rows) if numbers is None else len(numbers)
    narrow = directions.astype(np.float32)
    out = np.empty((n, narrow.shape[1]), np.float32)

    def project(item: tuple[slice, NDArray[np.float32]]) -> None:
        place, block = item
        np.matmul(block, narrow, out=out[place])

    for _ in in_order(project, rows.blocks(numbers), n_threads):
        pass
    return out
