"""Ranges and the graph that the spectral methods on all rows share."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import QuantalWarning, require_choice, require_range
from ..graph.pair_distances import AFFINITIES, PairDistances, affinity_form, pair_distances
from ..graph.spectral import leading_eigenvectors
from .partition_clusterer import PartitionClusterer


class GraphClusterer(PartitionClusterer):
    """Base of the spectral methods whose graph has a node a row.

    Attributes:
        affinity_: "dense" or "neighbors": which pairs of rows the graph holds.
        eigenvalues_: The leading eigenvalues, shape (n_clusters,), float64, the leading first.
        n_parts_: Connected parts of the graph.
    """

    fitted_arrays: ClassVar[dict[str, tuple[str, int]]] = {"eigenvalues_": ("float64", 1)}
    fitted_values: ClassVar[tuple[str, ...]] = ("affinity_", "n_parts_")

    affinity: str
    unit_rows: bool
    centered: bool

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_choice("affinity", self.affinity, AFFINITIES)
        require_choice("unit_rows", self.unit_rows, (True, False))
        require_choice("centered", self.centered, (True, False))

    def _pairs(self, x: Any, n_neighbors: int) -> PairDistances:
        self.affinity_ = affinity_form(self.affinity, int(x.shape[0]))
        return pair_distances(
            x, self.affinity_, n_neighbors, unit_rows=self.unit_rows, centered=self.centered
        )

    def _eigenvectors(
        self, matrix: Any, generator: np.random.Generator, *, order: str = "largest"
    ) -> NDArray[np.float64]:
        """Return the n_clusters leading eigenvectors; note and report how the graph falls apart."""
        values, vectors, n_parts = leading_eigenvectors(
            matrix, int(self.n_clusters), generator, order=order
        )
        self.eigenvalues_, self.n_parts_ = values, n_parts
        return vectors

    def _warn_of_parts(self) -> None:
        if self.n_parts_ > self.n_clusters:
            warnings.warn(
                f"The graph of {type(self).__name__} falls into {self.n_parts_} connected parts, "
                f"more than n_clusters={self.n_clusters}; rows outside the leading parts have no "
                "place of their own. Take a wider kernel or more neighbours, or ask for more "
                "clusters.",
                QuantalWarning,
                stacklevel=4,
            )


def require_k_means(n_init: Any) -> None:
    """Raise ParameterError unless the number of k-means starts is allowed."""
    require_range("n_init", n_init, low=1, integer=True)
