"""What a fitted clusterer leaves in its model folder beside the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..estimators import NetworkFolder


class ClusterFolder(NetworkFolder):
    """Mixin that saves the sizes of the clusters too."""

    fitted_numbers = (
        *NetworkFolder.fitted_numbers,
        "balance_",
        "conditional_entropy_",
        "marginal_entropy_",
    )

    n_clusters: int
    cluster_sizes_: NDArray[np.int64]

    def _n_outputs(self) -> int:
        return int(self.n_clusters)

    def _fitted_tensors(self) -> dict[str, Tensor]:
        tensors = super()._fitted_tensors()
        if hasattr(self, "cluster_sizes_"):  # partial_fit has none
            tensors["cluster_sizes"] = torch.from_numpy(self.cluster_sizes_)
        return tensors

    def _restore(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._restore(config, tensors)
        if "cluster_sizes" in tensors:
            sizes = tensors["cluster_sizes"].numpy()
            if sizes.dtype != np.int64 or sizes.shape != (int(self.n_clusters),):
                raise ValueError(f"sizes of {sizes.dtype} and shape {sizes.shape}")
            self.cluster_sizes_ = sizes
