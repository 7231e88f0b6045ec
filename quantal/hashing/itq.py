"""Iterative quantisation: principal components, rotated towards the corners of a cube."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ..codes import Codes, LinearDecoder, fit_decoder, pack_bits
from ..errors import QuantalWarning, require_range
from ..threads import one_thread_a_product
from .bit_output import require_at_most_columns
from .centred_rows import CentredRows
from .hasher import Hasher, Layout
from .linear_bits import may_start_at_origin, sign_blocks
from .principal_components import PrincipalComponents, coordinates, principal_components
from .rotation import quantizing_rotation
from .row_sample import sampled_rows


class ITQ(Hasher):
    """Iterative quantisation (PCA-ITQ): signs of rotated principal components.

    Rows are centred and projected onto their ``n_bits`` principal directions; the rotation that
    brings them closest to signs is learned by turns. A code is the signs of one matrix product.
    The principal directions are those of all rows, streamed; the rotation is learned on
    ``max_samples`` of them.

    Args:
        n_bits: bits of a code, at most the number of columns and 4,096.
        n_iter: turns of signs and rotation, >= 1.
        max_samples: rows that the rotation is learned on, drawn without replacement if there are
            more; None takes all, which holds n * n_bits float32 numbers in memory.
        random_state: seed of the first rotation and of that draw.

    Attributes:
        directions_: Principal directions times rotation, shape (d, n_bits), float32; a bit is
            ``(x - center_) @ directions_ >= 0``.
        rotation_: The learned rotation, shape (n_bits, n_bits), float64.
        variances_: Variance along each principal direction, largest first, shape (n_bits,).
        codewords_: What each bit adds to the row that a code stands for, by least squares over
            the rows of the fit, shape (n_bits, d), float64.
        offset_: The row that the code of zeros stands for, shape (d,), float64.
        history_: Under "loss", after each turn, the mean over rows of the squared distance between
            rotated coordinates and their signs; it never rises but for rounding.
        center_: Mean of the rows, shape (d,), float64.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Gong and Lazebnik 2011, "Iterative Quantization: A Procrustean Approach to Learning
        Binary Codes", Section 2; Gong et al. 2013, TPAMI.
    Differs: principal directions without variance are left out and a warning says so, where the
        published form makes bits of rounding noise. faiss's ITQTransform is another method: it
        scales every centred row to length 1 first.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.hashing import ITQ
        >>> ITQ(n_bits=16, random_state=0).fit(load_digits().data).encode(load_digits().data).shape
        (1797, 2)
    """

    fitted_arrays: ClassVar[dict[str, Layout]] = {
        "directions_": ("float32", ("n_features", "n_bits")),
        "rotation_": ("float64", ("n_bits", "n_bits")),
        "variances_": ("float64", ("n_bits",)),
        "codewords_": ("float64", ("n_bits", "n_features")),
        "offset_": ("float64", ("n_features",)),
    }

    def __init__(
        self,
        n_bits: int = 32,
        *,
        n_iter: int = 50,
        max_samples: int | None = 100_000,
        random_state: Any = None,
    ) -> None:
        self.n_bits = n_bits
        self.n_iter = n_iter
        self.max_samples = max_samples
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_range("n_iter", self.n_iter, low=1, integer=True)
        if self.max_samples is not None:
            require_range("max_samples", self.max_samples, low=2, integer=True)

    def _fit(self, rows: CentredRows, generator: np.random.Generator) -> None:
        n_bits = int(self.n_bits)
        require_at_most_columns(n_bits, rows.n_columns, "ITQ")
        with one_thread_a_product() as n_threads:
            found = principal_components(rows, n_bits, n_threads)
            if found.rank < n_bits:
                _warn_of_noise(found, n_bits)
            directions = np.where(np.arange(n_bits) < found.rank, found.directions, 0.0)
            numbers = sampled_rows(len(rows), self.max_samples, generator)
            points = coordinates(rows, directions, numbers, n_threads)  # V, (n, n_bits)
            self.rotation_, losses = quantizing_rotation(
                points, int(self.n_iter), generator, n_threads
            )
            self.directions_ = (directions @ self.rotation_).astype(np.float32)
            self.variances_ = found.variances
            self.history_ = {"loss": losses.tolist()}
            self._fit_decoder(rows)

    def _fit_decoder(self, rows: CentredRows) -> None:
        codes = np.concatenate([pack_bits(bits) for _, bits in self._bit_blocks(rows.x)])
        decoder = fit_decoder(rows.x, Codes(codes, int(self.n_bits)))
        self.codewords_, self.offset_ = decoder.codewords, decoder.offset

    def inverse_transform(self, bits: ArrayLike) -> NDArray[np.float32]:
        """Return the row that each code stands for: the best linear guess from hard bits.

        Args:
            bits: 0 and 1, shape (n, n_bits), as `transform` gives them.

        Returns:
            Rows in the unit of X, shape (n, d), float32.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: Another shape, or something else than 0 and 1.
        """
        check_is_fitted(self)
        return LinearDecoder(self.offset_, self.codewords_).decode(self._require_bits(bits))

    def _bits(self, block: NDArray[np.float32]) -> NDArray[Any]:
        bits: NDArray[np.bool_] = block @ self.directions_ >= 0
        return bits

    def _bit_blocks(self, x: Any) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        spread = float(np.sqrt(self.variances_.mean()))  # rotation mixes the variances
        if may_start_at_origin(self.center_, spread):
            return sign_blocks(x, self.directions_, self.center_)
        return super()._bit_blocks(x)


def _warn_of_noise(found: PrincipalComponents, n_bits: int) -> None:
    warnings.warn(
        f"Only {found.rank} of the {n_bits} principal directions carry variance (the others have "
        f"less than a millionth of the first), so {n_bits} bits tell no more than {found.rank} "
        f"could. Ask for n_bits <= {found.rank}, or bring the columns to one scale first.",
        QuantalWarning,
        stacklevel=2,
    )
