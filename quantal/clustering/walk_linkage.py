"""What the two linkages by walks on the graph share: the walk, and its first order or all of it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import require_choice, require_range
from ..graph import MergeTree, agglomerate, agglomerate_exactly, random_walk
from .linkage_clusterer import LinkageClusterer

ORDERS = ("leading", "exact")


class WalkLinkage(LinkageClusterer):
    """Base of the methods that merge by how walks of weight z a step run within clusters.

    Attributes:
        measure: What `quantal.graph.agglomerate_exactly` calls the increment.
        linkage: The affinity of `quantal.graph.agglomerate` that is its first order in z.
    """

    measure: ClassVar[str]
    linkage: ClassVar[str]

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        n_neighbors: int = 20,
        kernel_width: float = 1.0,
        sigma_doubling: bool = True,
        centered: bool = False,
        unit_rows: bool = False,
        order: str = "leading",
        z: float = 0.01,
        on_exhausted: str = "grow_ks",
        outliers: str = "keep",
        random_state: Any = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_neighbors = n_neighbors
        self.kernel_width = kernel_width
        self.sigma_doubling = sigma_doubling
        self.centered = centered
        self.unit_rows = unit_rows
        self.order = order
        self.z = z
        self.on_exhausted = on_exhausted
        self.outliers = outliers
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_choice("order", self.order, ORDERS)
        require_range("z", self.z, low=0, low_open=True, high=0.999)

    def _merged(self, weights: Any, labels: NDArray[np.int64], regrow: Any, rows: Any) -> MergeTree:
        walk = random_walk(weights)
        options: dict[str, Any] = {
            "on_exhausted": self.on_exhausted,
            "rows": rows,
            "regrow": lambda k: random_walk(regrow(k)),
        }
        if self.order == "exact":
            return agglomerate_exactly(
                walk, labels, self.n_clusters, measure=self.measure, z=self.z, **options
            )
        return agglomerate(walk, labels, self.n_clusters, linkage=self.linkage, **options)
