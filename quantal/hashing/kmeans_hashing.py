"""K-means hashing: nearest centres in several subspaces, numbered so that bits matter."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ..errors import ParameterError, QuantalWarning, require_range
from ..threads import one_thread_a_product
from .affinity_kmeans import affinity_preserving_kmeans
from .centred_rows import CentredRows
from .hasher import Hasher, Layout
from .principal_components import coordinates, principal_components
from .row_sample import sampled_rows
from .subspaces import balanced_subspaces

MOST_BITS_PER_SUBSPACE = 8
AUTO_BITS_PER_SUBSPACE = (4, 3, 2, 1)


class KMeansHashing(Hasher):
    """K-means hashing (KMH): codes are numbers of cluster centres in subspaces.

    The principal directions are dealt out to ``n_bits / bits_per_subspace`` subspaces of equal
    weight. In each, rows go to the nearest of ``2 ** bits_per_subspace`` centres, whose number is
    the code. Centres are near their rows, and as far from each other as the square root of the
    Hamming distance of their numbers, so that Hamming distances say something about distances.

    Args:
        n_bits: bits of a code, 1 to 4,096, a multiple of ``bits_per_subspace``.
        bits_per_subspace: b, 1 to 8; "auto" is the largest of 4, 3, 2, 1 that divides ``n_bits``.
            8 takes a minute where 4 takes seconds.
        affinity_weight: lambda >= 0, weight of the distances between centres against the rows'
            distances from them.
        n_iterations: most turns of assigning rows and moving centres, >= 1.
        max_samples: rows that the centres are fitted to, drawn without replacement if there are
            more; None takes all. A fit holds about 2 * max_samples * d float32 numbers.
        random_state: seed of that draw.

    Attributes:
        centers_: Centres as vectors in the space of X, less ``center_``, shape
            (n_bits / b, 2 ** b, d), float32. Bit t of a subspace has value 2 ** t in the number.
        objective_: What is minimised, summed over subspaces, in squared units of X, at the end.
        n_iter_: Turns taken.
        history_: "objective" holds it after each turn: it falls with every move of a centre, but
            may rise when rows change theirs.
        variances_: Variance along each principal direction, largest first, shape (d,).
        center_: Mean of the rows, shape (d,), float64.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: He, Wen, Sun 2013, "K-means Hashing: an Affinity-Preserving Quantization Method for
        Learning Compact Binary Codes"; Ge, He, Ke, Sun 2013 for the subspaces.
    Differs: centres move by damped Gauss-Newton steps instead of a quasi-Newton search; the number
        of columns need not be a multiple of the number of subspaces (the first ones get one more);
        more bits than columns are allowed, but the bits without a column are constant, and a
        warning says so.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.hashing import KMeansHashing
        >>> hasher = KMeansHashing(n_bits=16, random_state=0).fit(load_digits().data)
        >>> hasher.encode(load_digits().data).shape
        (1797, 2)
    """

    fitted_arrays: ClassVar[dict[str, Layout]] = {
        "centers_": ("float32", ("n_subspaces", "n_centers", "n_features")),
        "variances_": ("float64", ("n_features",)),
    }
    fitted_numbers: ClassVar[tuple[str, ...]] = ("objective_", "n_iter_")

    def __init__(
        self,
        n_bits: int = 32,
        *,
        bits_per_subspace: int | str = "auto",
        affinity_weight: float = 10.0,
        n_iterations: int = 50,
        max_samples: int | None = 20_000,
        random_state: Any = None,
    ) -> None:
        self.n_bits = n_bits
        self.bits_per_subspace = bits_per_subspace
        self.affinity_weight = affinity_weight
        self.n_iterations = n_iterations
        self.max_samples = max_samples
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_range("affinity_weight", self.affinity_weight, low=0, high=1e9)
        require_range("n_iterations", self.n_iterations, low=1, integer=True)
        if self.max_samples is not None:
            require_range("max_samples", self.max_samples, low=2, integer=True)
        if isinstance(self.bits_per_subspace, str) and self.bits_per_subspace == "auto":
            return
        require_range(
            "bits_per_subspace",
            self.bits_per_subspace,
            low=1,
            high=MOST_BITS_PER_SUBSPACE,
            integer=True,
        )
        if self.n_bits % int(self.bits_per_subspace):
            raise ParameterError(
                f"n_bits={self.n_bits} is no multiple of bits_per_subspace="
                f"{self.bits_per_subspace}. Change one of them, or leave bits_per_subspace='auto'."
            )

    def _bits_each(self) -> int:
        if self.bits_per_subspace == "auto":
            return next(b for b in AUTO_BITS_PER_SUBSPACE if self.n_bits % b == 0)
        return int(self.bits_per_subspace)

    def _fit(self, rows: CentredRows, generator: np.random.Generator) -> None:
        b = self._bits_each()
        with one_thread_a_product() as n_threads:
            found = principal_components(rows, rows.n_columns, n_threads)
            dealt = balanced_subspaces(found.variances, int(self.n_bits) // b)
            self._warn_of_constant_bits(dealt, b)
            unit = _unit(float(np.sqrt(found.variances[0])))
            numbers = sampled_rows(len(rows), self.max_samples, generator)
            points = coordinates(rows, found.directions * unit, numbers, n_threads)
            learnt = affinity_preserving_kmeans(
                _dealt_out(points, dealt),
                b,
                affinity_weight=float(self.affinity_weight),
                n_iterations=int(self.n_iterations),
                n_threads=n_threads,
            )
            bases = _dealt_out(found.directions, dealt)  # (M, d, q)
            centers = learnt.centers / unit @ bases.transpose(0, 2, 1)
        self.centers_ = centers.astype(np.float32)
        objectives = learnt.objectives / unit**2
        self.objective_, self.n_iter_ = float(objectives[-1]), len(objectives)
        self.history_ = {"objective": objectives.tolist()}
        self.variances_ = found.variances

    def _bits(self, block: NDArray[np.float32]) -> NDArray[Any]:
        return self._encoder()(block)

    def _encoder(self) -> Callable[[NDArray[np.float32]], NDArray[Any]]:
        n_subspaces, n_centers, d = self.centers_.shape
        unit = np.float32(_unit(float(np.abs(self.centers_).max())))
        centers = self.centers_ * unit
        squares = np.einsum("mkd,mkd->mk", *2 * [centers.astype(np.float64)])
        half_squares = (squares / 2).astype(np.float32)
        turned = centers.reshape(-1, d).T
        places = np.arange(self._bits_each())

        def nearest(block: NDArray[np.float32]) -> NDArray[Any]:
            products = (block * unit) @ turned
            nearness = products.reshape(-1, n_subspaces, n_centers) - half_squares
            numbers = nearness.argmax(axis=2)  # of equally near centres the first
            bits: NDArray[np.intp] = numbers[:, :, None] >> places & 1
            return bits.reshape(len(block), -1)

        return nearest

    def inverse_transform(self, bits: ArrayLike) -> NDArray[np.float32]:
        """Return the sum of the centres that codes name, in the space of X.

        Args:
            bits: what `transform` returns, shape (n, n_bits).

        Returns:
            (n, d) float32.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: Not bits of that width.
        """
        check_is_fitted(self)
        b = self._bits_each()
        values = self._require_bits(bits).reshape(-1, len(self.centers_), b).astype(np.intp)
        numbers = (values << np.arange(b)).sum(axis=2)  # (n, M)
        rebuilt = np.tile(self.center_, (len(values), 1))
        for centers, chosen in zip(self.centers_, numbers.T, strict=True):
            rebuilt += centers[chosen]
        return rebuilt.astype(np.float32)

    def _check_restored(self) -> None:
        b = self._bits_each()
        if self.centers_.shape[:2] != (int(self.n_bits) // b, 1 << b):
            raise ValueError(f"centers_ of shape {self.centers_.shape} for {self.n_bits} bits")
        if not np.isfinite(self.centers_).all():
            raise ValueError("centers_ are not finite")

    def _warn_of_constant_bits(self, dealt: NDArray[np.int64], b: int) -> None:
        useful = int(np.minimum((dealt >= 0).sum(axis=1), b).sum())
        if useful < self.n_bits:
            warnings.warn(
                f"Only {useful} of n_bits={self.n_bits} have a column of X to tell rows apart by; "
                f"the others are mostly constant. Ask for n_bits <= {useful}, or use "
                "RandomHyperplaneHashing.",
                QuantalWarning,
                stacklevel=2,
            )


def _dealt_out(columns: NDArray[Any], dealt: NDArray[np.int64]) -> NDArray[Any]:
    """Sort columns into subspaces: (n, d) -> (M, n, q); a column that is missing becomes zeros."""
    sorted_out = columns.T[dealt]  # (M, q, n)
    sorted_out[dealt < 0] = 0
    return np.ascontiguousarray(sorted_out.transpose(0, 2, 1))


def _unit(reach: float) -> float:
    """Return a power of two that brings ``reach`` near 1, so that squares stay in range."""
    return float(np.ldexp(1.0, -int(np.frexp(reach)[1]))) if reach > 0 else 1.0
