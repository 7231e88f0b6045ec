"""What every hasher gives for any rows: bits, and bits packed into bytes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..errors import DataError, ParameterError, require_range
from ..estimators import RowReader

MOST_BITS = 4096


class BitOutput(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    RowReader,
    TransformerMixin,  # type: ignore[misc]
):
    """Mixin with ``transform`` and ``encode``; subclasses give the bits of block after block."""

    n_bits: int

    @abstractmethod
    def _bit_blocks(self, x: Any) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the first row and the bits, shape (b, n_bits), of every block of read rows."""

    def transform(self, X: ArrayLike) -> NDArray[np.uint8]:
        """Return the bits of each row, shape (n, n_bits), uint8, 0 or 1.

        Args:
            X: rows as for ``fit``; memory maps are read block by block.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The rows cannot be used.
        """
        x = self._rows_to_encode(X)
        bits = np.empty((x.shape[0], self._n_features_out), np.uint8)
        for start, block in self._bit_blocks(x):
            bits[start : start + len(block)] = block
        return bits

    def encode(self, X: ArrayLike) -> NDArray[np.uint8]:
        """Return the packed bits of each row, shape (n, ceil(n_bits / 8)), uint8.

        Bit k is in byte k // 8 at position k % 8, the least significant first; the last byte is
        filled up with zeros.

        Args:
            X: rows as for ``fit``; memory maps are read block by block.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The rows cannot be used.
        """
        x = self._rows_to_encode(X)
        codes = np.empty((x.shape[0], -(-self._n_features_out // 8)), np.uint8)
        for start, block in self._bit_blocks(x):
            codes[start : start + len(block)] = np.packbits(block, axis=1, bitorder="little")
        return codes

    def _rows_to_encode(self, X: ArrayLike) -> Any:
        check_is_fitted(self)
        return self._read(X, reset=False)

    def _require_bits(self, bits: ArrayLike) -> NDArray[np.uint8]:
        """Return ``bits`` as uint8, shape (n, n_bits), for an ``inverse_transform``.

        Raises:
            DataError: Another shape, or something else than 0 and 1.
        """
        values = np.asarray(bits)
        if values.ndim != 2 or values.shape[1] != self.n_bits:
            raise DataError(
                f"bits must have shape (n, {self.n_bits}), got {values.shape}. Unpack codes of "
                "encode() first: quantal.codes.unpack_bits(codes, n_bits)."
            )
        if not np.isin(values, (0, 1)).all():
            raise DataError("bits must be 0 or 1. Pass what transform() returns.")
        return values.astype(np.uint8)

    def _require_n_bits(self) -> None:
        require_range("n_bits", self.n_bits, low=1, high=MOST_BITS, integer=True)

    @property
    def _n_features_out(self) -> int:
        return int(self.n_bits)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["uint8"]
        return tags


def require_at_most_columns(n_bits: int, n_features: int, method: str) -> None:
    """Raise ParameterError where a method has no more bits than the data have columns.

    Args:
        n_bits: what was asked for.
        n_features: columns of the data.
        method: what the message calls the method.
    """
    if n_bits > n_features:
        raise ParameterError(
            f"{method} gives at most one bit a column: n_bits={n_bits}, but X has "
            f"n_features={n_features}. Lower n_bits, or use RandomHyperplaneHashing."
        )
