"""What clusterers without a network share: they divide the fitted rows, and keep the labels."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from torch import Tensor

from ..data.memory_map import row_chunks
from ..errors import CollapseWarning, DataError, require_range
from ..estimators import ModelFolder, RowReader, data_fingerprint
from ..estimators.input_rows import len_of
from ..threads import on_one_thread
from ..training.randomness import derived_seed, seed_from
from .cluster_order import by_size
from .presets import Presets

PURPOSE = 8
LEAST_AMOUNT, LARGEST_AMOUNT = 1e-15, 1e15  # of the largest number of all rows


class PartitionClusterer(
    Presets,
    RowReader,
    ClusterMixin,  # type: ignore[misc]
    ModelFolder,
    BaseEstimator,  # type: ignore[misc]
    ABC,
):
    """Base of the clusterers without a network.

    A subclass has a constructor that only stores (``n_clusters`` and ``random_state`` among its
    parameters) and writes `_fit`, which returns a label a row. Clusters are then numbered by size,
    the largest first; `_renumbered` hears of it. Arrays and numbers that a fit leaves beside the
    labels are declared, for `save`.

    Attributes:
        labels_: Cluster of each row of the fit, shape (n,), int64.
        cluster_sizes_: Rows in each cluster, shape (n_clusters,), int64, falling.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.
        fitted_arrays: Name -> (dtype, number of axes) of the arrays that `save` writes too.
        fitted_values: Names of fitted numbers, texts and booleans that `save` writes too.
    """

    fitted_arrays: ClassVar[Mapping[str, tuple[str, int]]] = {}
    fitted_values: ClassVar[tuple[str, ...]] = ()

    n_clusters: int
    random_state: Any

    @abstractmethod
    def _fit(self, x: Any, generator: np.random.Generator) -> NDArray[np.integer[Any]]:
        """Return the label of each of the read rows, shape (n,), from 0 to n_clusters - 1.

        Args:
            x: (n, d) array, memory map or CSR array of any real dtype.
            generator: source of every draw.
        """

    def _require_parameters(self) -> None:
        """Raise ParameterError for a parameter out of its range; extend it with your own."""
        require_range("n_clusters", self.n_clusters, low=1, integer=True)

    def _renumbered(self, order: NDArray[np.int64]) -> None:
        """Hear that cluster ``order[i]`` is now called i; reorder what `_fit` left."""

    def _check_restored(self) -> None:
        """Raise ValueError if loaded arrays, whose types are right already, are unsound."""

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Divide the rows of ``X`` into clusters.

        Args:
            X: (n, d) vectors, or (n, h, w) or (n, h, w, c) images of any real dtype: array, memory
                map or SciPy sparse matrix; or what `quantal.features.open_features` takes or gives.
            y: accepted and never read.

        Raises:
            DataError: The rows cannot be used: nan, fewer than n_clusters, all identical, or of
                numbers beyond 1e15 or all below 1e-15.
            ParameterError: A parameter is out of its range.
        """
        self._require_parameters()
        x = self._read(X, reset=True)
        if len_of(x) < self.n_clusters:
            raise DataError(
                f"X has n_samples={len_of(x)} rows, fewer than n_clusters={self.n_clusters}. "
                "Ask for fewer clusters, or pass more rows."
            )
        _require_amounts(x)
        generator = np.random.default_rng(derived_seed(seed_from(self.random_state), PURPOSE))
        with on_one_thread():  # the order of sums, hence the last bit, depends on the threads
            found = self._fit(x, generator)
        self.labels_, order = by_size(found, int(self.n_clusters))
        self._renumbered(order)
        self.cluster_sizes_ = np.bincount(self.labels_, minlength=len(order))
        self.data_ = data_fingerprint(x)
        self._warn_of_empty_clusters()
        return self

    def _warn_of_empty_clusters(self) -> None:
        n_found = int(np.count_nonzero(self.cluster_sizes_))
        if n_found < self.n_clusters:
            warnings.warn(
                f"{type(self).__name__} found {n_found} clusters where n_clusters="
                f"{self.n_clusters} were asked for: too many rows look alike to it. Ask for fewer "
                "clusters.",
                CollapseWarning,
                stacklevel=3,
            )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "data_")

    def _fitted_config(self) -> dict[str, Any]:
        return {"fitted": {name: getattr(self, name) for name in self.fitted_values}}

    def _arrays(self) -> dict[str, tuple[str, int]]:
        return {"labels_": ("int64", 1), "cluster_sizes_": ("int64", 1), **self.fitted_arrays}

    def _fitted_tensors(self) -> dict[str, Tensor]:
        return {
            name: torch.from_numpy(np.ascontiguousarray(getattr(self, name)))
            for name in self._arrays()
        }

    def _restore(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self._require_parameters()
        arrays = self._arrays()
        if set(tensors) != set(arrays):
            raise ValueError(f"arrays {sorted(tensors)} where {sorted(arrays)} belong")
        for name, (dtype, n_axes) in arrays.items():
            array = tensors[name].numpy()
            if array.ndim != n_axes or array.dtype != np.dtype(dtype):
                raise ValueError(f"{name} is {array.dtype} of {array.ndim} axes")
            setattr(self, name, array)
        _require_sizes(self.labels_, self.cluster_sizes_, int(self.n_clusters))
        for name in self.fitted_values:
            value = config["fitted"][name]
            if value is not None and not isinstance(value, bool | int | float | str):
                raise ValueError(f"{name} is {value!r}")
            setattr(self, name, value)
        self._check_restored()


def _require_amounts(x: Any) -> None:
    """Raise DataError if squares of the largest numbers overflow in float32, or vanish."""
    largest = max(max(float(part.max()), -float(part.min())) for _, part in row_chunks(x))
    if not LEAST_AMOUNT <= largest <= LARGEST_AMOUNT:
        raise DataError(
            f"The largest number of X is {largest:g} by amount, where {LEAST_AMOUNT:g} to "
            f"{LARGEST_AMOUNT:g} can be squared. Divide all numbers by it: X / {largest:g}."
        )


def _require_sizes(labels: NDArray[Any], sizes: NDArray[Any], n_clusters: int) -> None:
    """Raise ValueError unless the sizes are those of the labels; allocates no more than these."""
    n = len(labels)
    sound = 1 <= n_clusters == len(sizes) <= n and labels.min() >= 0 and labels.max() < n_clusters
    if not sound or not np.array_equal(np.bincount(labels, minlength=n_clusters), sizes):
        raise ValueError("labels_ and cluster_sizes_ disagree")
