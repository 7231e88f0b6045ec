"""Spherical hashing: inside or outside of balls that each hold half of the rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from ..errors import require_range
from ..threads import one_thread_a_product
from .centred_rows import CentredRows
from .hasher import Hasher, Layout
from .row_groups import BLOCK
from .row_sample import sampled_rows
from .spheres import (
    Spheres,
    balanced_pivots,
    first_pivots,
    halving_thresholds,
    sphere_scores,
)


class SphericalHashing(Hasher):
    """Spherical hashing: bit k says whether a row lies in the k-th sphere.

    Every sphere holds half of the rows, and pivots push and pull each other until any two spheres
    share about a quarter: balanced bits, independent in pairs. Spheres enclose regions where
    hyperplanes only cut, so rows that share many of them are near in every direction;
    `quantal.hashing.spherical_distance` uses that, Hamming distance works too.

    Args:
        n_bits: number of spheres, 1 to 4,096; may exceed the number of columns.
        max_iter: most rounds of counting shared rows and moving pivots, >= 1.
        mean_tolerance: stop where the mean of |o_ij - n/4| over pairs of spheres is at most this
            share of n/4, o_ij being the number of rows in both, ...
        spread_tolerance: ... and the standard deviation of o_ij at most this share of n/4.
        max_samples: rows that the spheres are fitted to, drawn without replacement if there are
            more; None takes all. A fit holds about 3 * max_samples * n_bits float32 numbers.
        random_state: seed of that draw and of the first pivots.

    Attributes:
        pivots_: Centres of the spheres, less ``center_``, shape (n_bits, d), float32.
        radii_: Their radii, in the unit of X, shape (n_bits,), float64: n // 2 of the n rows that
            the spheres were fitted to are inside each, but for equal distances.
        mean_deviation_: What ``mean_tolerance`` bounds, at the end.
        spread_: What ``spread_tolerance`` bounds, at the end.
        n_iter_: Rounds taken.
        center_: Mean of the rows, shape (d,), float64; it changes no distance and keeps digits.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Heo, Lee, He, Chang, Yoon 2012, "Spherical Hashing"; tolerances 0.10 and 0.15 are the
        paper's.
    Differs: radii are those of at most ``max_samples`` rows; ConvergenceWarning says when
        ``max_iter`` came before the tolerances.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.hashing import SphericalHashing
        >>> hasher = SphericalHashing(n_bits=16, random_state=0).fit(load_digits().data)
        >>> hasher.encode(load_digits().data).shape
        (1797, 2)
    """

    fitted_arrays: ClassVar[dict[str, Layout]] = {
        "pivots_": ("float32", ("n_bits", "n_features")),
        "radii_": ("float64", ("n_bits",)),
    }
    fitted_numbers: ClassVar[tuple[str, ...]] = ("mean_deviation_", "spread_", "n_iter_")

    def __init__(
        self,
        n_bits: int = 32,
        *,
        max_iter: int = 100,
        mean_tolerance: float = 0.10,
        spread_tolerance: float = 0.15,
        max_samples: int | None = 20_000,
        random_state: Any = None,
    ) -> None:
        self.n_bits = n_bits
        self.max_iter = max_iter
        self.mean_tolerance = mean_tolerance
        self.spread_tolerance = spread_tolerance
        self.max_samples = max_samples
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_range("max_iter", self.max_iter, low=1, integer=True)
        require_range("mean_tolerance", self.mean_tolerance, low=0)
        require_range("spread_tolerance", self.spread_tolerance, low=0)
        if self.max_samples is not None:
            require_range("max_samples", self.max_samples, low=2, integer=True)

    def _fit(self, rows: CentredRows, generator: np.random.Generator) -> None:
        with one_thread_a_product():
            found = self._place_spheres(rows, generator)
        if not found.converged:
            self._warn_of_imbalance(found)

    def _place_spheres(self, rows: CentredRows, generator: np.random.Generator) -> Spheres:
        numbers = sampled_rows(len(rows), self.max_samples, generator)
        if numbers is None:
            numbers = np.arange(len(rows))
        first, unit = _means_of_rows(rows, numbers, int(self.n_bits), generator)
        basis = np.linalg.qr(first.T)[0]  # (d, q): pivots never leave this span
        near, squares = _coordinates_and_squares(rows, numbers, basis, unit)
        found = balanced_pivots(
            near,
            squares,
            first @ basis * unit,
            max_iter=int(self.max_iter),
            mean_tolerance=float(self.mean_tolerance),
            spread_tolerance=float(self.spread_tolerance),
        )
        self.pivots_ = (found.pivots @ basis.T / unit).astype(np.float32)
        self.radii_ = self._halving_radii(rows, numbers, unit)
        self.mean_deviation_, self.spread_ = found.mean_deviation, found.spread
        self.n_iter_ = found.n_iter
        return found

    def _halving_radii(
        self, rows: CentredRows, numbers: NDArray[np.int64], unit: float
    ) -> NDArray[np.float64]:
        """Return radii with half of the rows inside, by the very products that encoding takes."""
        scores = np.empty((len(self.pivots_), len(numbers)), np.float32)
        for place, block in rows.blocks(numbers, n_rows=BLOCK):
            full = np.pad(block, ((0, BLOCK - len(block)), (0, 0)))
            scores[:, place] = self._scores(full, unit)[:, : len(block)]
        squared = self._pivot_squares(unit) - halving_thresholds(scores)
        return np.asarray(np.sqrt(np.maximum(squared, 0.0)) / unit)

    def _pivot_squares(self, unit: float) -> NDArray[np.float64]:
        pivots = self.pivots_.astype(np.float64) * unit
        return np.asarray(np.einsum("kd,kd->k", pivots, pivots))

    def _scores(self, block: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
        near = block * np.float32(unit)
        squares = np.einsum("nd,nd->n", near, near)
        return sphere_scores(near, squares, self.pivots_ * np.float32(unit))

    def _bits(self, block: NDArray[np.float32]) -> NDArray[Any]:
        return self._encoder()(block)

    def _encoder(self) -> Callable[[NDArray[np.float32]], NDArray[Any]]:
        unit = _unit(float(self.radii_.max()))
        least = self._pivot_squares(unit) - (self.radii_ * unit) ** 2
        return lambda block: least <= self._scores(block, unit).T  # (256, n_bits)

    def _check_restored(self) -> None:
        if not (np.isfinite(self.pivots_).all() and (self.radii_ >= 0).all()):
            raise ValueError("the spheres are damaged")

    def _warn_of_imbalance(self, found: Spheres) -> None:
        warnings.warn(
            f"Spheres are not balanced after max_iter={self.max_iter} rounds: shared rows deviate "
            f"from a quarter by {found.mean_deviation:.0%} (mean_tolerance="
            f"{self.mean_tolerance:.0%}) with a spread of {found.spread:.0%} (spread_tolerance="
            f"{self.spread_tolerance:.0%}). Raise max_iter or the tolerances, or lower n_bits: "
            "few rows or columns have no room for many balanced spheres.",
            ConvergenceWarning,
            stacklevel=2,
        )


def _means_of_rows(
    rows: CentredRows, numbers: NDArray[np.int64], n_pivots: int, generator: np.random.Generator
) -> tuple[NDArray[np.float64], float]:
    """Return means of a few rows each, shape (n_pivots, d), float64, and a unit for the rows."""
    drawn = numbers[first_pivots(len(numbers), n_pivots, generator)]  # (n_pivots, 5)
    needed, places = np.unique(drawn, return_inverse=True)
    taken = rows.take(needed).astype(np.float64)
    return taken[places.reshape(drawn.shape)].mean(axis=1), _unit(float(np.abs(taken).max()))


def _unit(reach: float) -> float:
    """Return a power of two that brings ``reach`` near 1, so that squares stay in range."""
    return float(np.ldexp(1.0, -int(np.frexp(reach)[1]))) if reach > 0 else 1.0


def _coordinates_and_squares(
    rows: CentredRows, numbers: NDArray[np.int64], basis: NDArray[np.float64], unit: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return products with the basis, shape (n, q), and squared norms, (n,), in that unit."""
    near = np.empty((len(numbers), basis.shape[1]), np.float32)
    squares = np.empty(len(numbers), np.float32)
    narrow = basis.astype(np.float32)
    for place, block in rows.blocks(numbers):
        block *= np.float32(unit)  # noqa: PLW2901
        near[place] = block @ narrow
        squares[place] = np.einsum("nd,nd->n", block, block)
    return near, squares
