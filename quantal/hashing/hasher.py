"""What hashers without a network share: reading rows in blocks, bits, saving."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from torch import Tensor

from ..estimators import ModelFolder, data_fingerprint
from ..training.randomness import derived_seed, seed_from
from .bit_output import BitOutput
from .centred_rows import CentredRows, column_means
from .row_groups import bit_groups, each_block

PURPOSE = 7
Layout = tuple[str, tuple[str | int, ...]]
"""Dtype and shape of a fitted array; names in a shape stand for sizes."""


class Hasher(BitOutput, ModelFolder, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of the hashers without a network.

    A subclass has a constructor that only stores (``n_bits`` and ``random_state`` among its
    parameters), names its fitted arrays in ``fitted_arrays`` and writes two functions: `_fit`
    sets those arrays, `_bits` turns a block of rows into bits. Rows come as float32 differences
    from ``center_``, the column means, whatever type X has; blocks always have 256 rows (the last
    one is filled up with zeros), so that no bit depends on how rows are chunked.

    Attributes:
        center_: What is subtracted from every row first, shape (d,), float64.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.
        fitted_arrays: Name -> (dtype, shape) of every array that a fit sets and `save` writes.
            In a shape, "n_features" and "n_bits" stand for those; any other name for a size that
            is the same wherever the name stands; a number for itself.
        fitted_numbers: Names of fitted numbers that `save` writes too.
    """

    fitted_arrays: ClassVar[dict[str, Layout]] = {}
    fitted_numbers: ClassVar[tuple[str, ...]] = ()

    n_bits: int
    random_state: Any
    center_: NDArray[np.float64]

    @abstractmethod
    def _fit(self, rows: CentredRows, generator: np.random.Generator) -> None:
        """Learn from the rows; set every array and number that the class declares."""

    @abstractmethod
    def _bits(self, block: NDArray[np.float32]) -> NDArray[Any]:
        """Return the bits of centred rows, (256, d) -> (256, n_bits), bool or 0 and 1."""

    def _encoder(self) -> Callable[[NDArray[np.float32]], NDArray[Any]]:
        """Return `_bits`; override it to compute once what all blocks need."""
        return self._bits

    def _require_parameters(self) -> None:
        """Raise ParameterError for a parameter out of its range; extend it with your own."""
        self._require_n_bits()

    def _center(self, x: Any) -> NDArray[np.float64]:
        """Return what is subtracted from every row, shape (d,): the column means."""
        return column_means(x)

    def _check_restored(self) -> None:
        """Raise ValueError if loaded arrays, whose shapes are right already, are unsound."""

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Learn to hash rows like those of ``X``.

        Args:
            X: (n, d) vectors, or (n, h, w) or (n, h, w, c) images of any real dtype: array, memory
                map or SciPy sparse matrix; or what `quantal.features.open_features` takes or gives.
            y: accepted and never read.

        Raises:
            DataError: The rows cannot be used: nan, too few, all identical.
            ParameterError: A parameter is out of its range.
        """
        self._require_parameters()
        x = self._read(X, reset=True)
        generator = np.random.default_rng(derived_seed(seed_from(self.random_state), PURPOSE))
        self.center_ = self._center(x)
        self._fit(CentredRows(x, self.center_), generator)
        self.data_ = data_fingerprint(x)
        return self

    def _bit_blocks(self, x: Any) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        return bit_groups(x, each_block(self._encoder()), self.center_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "data_")

    def _layouts(self) -> dict[str, Layout]:
        return {"center_": ("float64", ("n_features",)), **self.fitted_arrays}

    def _fitted_config(self) -> dict[str, Any]:
        return {"fitted": {name: getattr(self, name) for name in self.fitted_numbers}}

    def _fitted_tensors(self) -> dict[str, Tensor]:
        return {
            name: torch.from_numpy(np.ascontiguousarray(getattr(self, name)))
            for name in self._layouts()
        }

    def _restore(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self._require_parameters()
        layouts = self._layouts()
        if set(tensors) != set(layouts):
            raise ValueError(f"arrays {sorted(tensors)} where {sorted(layouts)} belong")
        sizes = {"n_features": self.n_features_in_, "n_bits": int(self.n_bits)}
        for name, (dtype, shape) in layouts.items():
            array = tensors[name].numpy()
            _require_layout(name, array, dtype, shape, sizes)
            setattr(self, name, array)
        for name in self.fitted_numbers:
            value = config["fitted"][name]
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise ValueError(f"{name} is {value!r}")
            setattr(self, name, value)
        self._check_restored()


def _require_layout(
    name: str, array: NDArray[Any], dtype: str, shape: tuple[str | int, ...], sizes: dict[str, int]
) -> None:
    """Check an array against its declaration; a size met for the first time goes into ``sizes``."""
    fits = array.ndim == len(shape) and array.dtype == np.dtype(dtype)
    for extent, size in zip(array.shape, shape, strict=False):
        wanted = size if isinstance(size, int) else sizes.setdefault(size, extent)
        fits = fits and extent == wanted
    if not fits:
        raise ValueError(f"{name} is {array.dtype} of shape {array.shape}, not {dtype} of {shape}")
