"""Spectral hashing: thresholded oscillations along principal directions."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..threads import one_thread_a_product
from .centred_rows import CentredRows
from .hasher import Hasher, Layout
from .ordered_products import in_order
from .principal_components import principal_components
from .spectral_modes import slowest_modes


class SpectralHashing(Hasher):
    """Spectral hashing: signs of the slowest oscillations along principal directions.

    Rows are treated as uniform in a box along their principal directions. On a box the relaxed
    problem, codes that are balanced, uncorrelated and alike for near rows, has a closed solution:
    cosines along the sides, slow ones first. Long sides get several bits. Everything is streamed:
    covariance in one pass, ranges in another.

    Args:
        n_bits: bits of a code, 1 to 4,096; may exceed the number of columns.
        random_state: accepted like every hasher's; nothing is drawn.

    Attributes:
        directions_: Principal directions that some bit uses, shape (d, n_directions), float32.
        lows_: Smallest coordinate of a fitted row along each, shape (n_directions,), float32.
        ranges_: Largest less smallest coordinate, shape (n_directions,), float32.
        sides_: Column of ``directions_`` that each bit varies along, shape (n_bits,), int64.
        orders_: Number of half waves of each bit over that range, shape (n_bits,), int64.
        center_: Mean of the rows, shape (d,), float64.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Weiss, Torralba, Fergus 2008, "Spectral Hashing"; the authors' trainSH.m and
        compressSH.m, which take the smallest and largest coordinates as the box.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.hashing import SpectralHashing
        >>> SpectralHashing(n_bits=16).fit(load_digits().data).encode(load_digits().data).shape
        (1797, 2)
    """

    fitted_arrays: ClassVar[dict[str, Layout]] = {
        "directions_": ("float32", ("n_features", "n_directions")),
        "lows_": ("float32", ("n_directions",)),
        "ranges_": ("float32", ("n_directions",)),
        "sides_": ("int64", ("n_bits",)),
        "orders_": ("int64", ("n_bits",)),
    }

    def __init__(self, n_bits: int = 32, *, random_state: Any = None) -> None:
        self.n_bits = n_bits
        self.random_state = random_state

    def _fit(self, rows: CentredRows, generator: np.random.Generator) -> None:  # noqa: ARG002
        n_bits = int(self.n_bits)
        with one_thread_a_product() as n_threads:
            found = principal_components(rows, min(n_bits, rows.n_columns), n_threads)
            directions = found.directions.astype(np.float32)
            lows, ranges = _box(rows, directions, n_threads)
        sides, self.orders_ = slowest_modes(ranges, n_bits)
        used, self.sides_ = np.unique(sides, return_inverse=True)
        self.directions_ = np.ascontiguousarray(directions[:, used])
        self.lows_, self.ranges_ = lows[used], ranges[used]

    def _bits(self, block: NDArray[np.float32]) -> NDArray[Any]:
        along = (block @ self.directions_ - self.lows_) / self.ranges_  # in [0, 1] at the fit
        half_waves = np.multiply(along[:, self.sides_], self.orders_, dtype=np.float32)
        positive: NDArray[np.bool_] = np.cos(np.float32(np.pi) * half_waves) > 0
        return positive

    def _check_restored(self) -> None:
        n_directions = self.directions_.shape[1]
        in_range = self.sides_.min() >= 0 and self.sides_.max() < n_directions
        if not (in_range and self.orders_.min() >= 1 and (self.ranges_ > 0).all()):
            raise ValueError("the modes are damaged")


def _box(
    rows: CentredRows, directions: NDArray[np.float32], n_threads: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return smallest coordinate and range along each direction, shape (p,) each, float32."""

    def extremes(item: tuple[slice, NDArray[np.float32]]) -> tuple[Any, Any]:
        along = item[1] @ directions
        return along.min(axis=0), along.max(axis=0)

    lows, highs = zip(*in_order(extremes, rows.blocks(), n_threads), strict=True)
    low: NDArray[np.float32] = np.min(lows, axis=0)
    return low, np.max(highs, axis=0) - low
