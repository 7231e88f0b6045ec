"""What a clusterer on an autoencoder leaves in its model folder."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..estimators import NetworkFolder
from ..networks import Autoencoder


class AutoencoderFolder(NetworkFolder):
    """Mixin that saves the autoencoder, the centres and the sizes of the clusters."""

    n_clusters: int
    n_components: int
    cluster_centers_: NDArray[np.float32]
    cluster_sizes_: NDArray[np.int64]

    def _n_outputs(self) -> int:
        return int(self.n_components)

    def _make_network(self, generator: torch.Generator) -> Autoencoder:
        shape = (self.n_features_in_, self.hidden_layer_sizes_, self._n_outputs())
        return Autoencoder(*shape, generator)

    def _weight_names(self) -> list[str]:
        # The decoder's shapes follow from the encoder's.
        return [f"weights.{i}" for i in range(len(self.hidden_layer_sizes_) + 1)]

    def _fitted_tensors(self) -> dict[str, Tensor]:
        return {
            **super()._fitted_tensors(),
            "cluster_centers": torch.from_numpy(self.cluster_centers_),
            "cluster_sizes": torch.from_numpy(self.cluster_sizes_),
        }

    def _require_parameters(self) -> None:
        """Raise ParameterError for a parameter out of its range."""
        raise NotImplementedError

    def _restore(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self._require_parameters()
        super()._restore(config, tensors)
        centers, sizes = (tensors[f"cluster_{what}"].numpy() for what in ("centers", "sizes"))
        sound = (
            centers.dtype == np.float32
            and centers.shape == (int(self.n_clusters), self._n_outputs())
            and sizes.dtype == np.int64
            and sizes.shape == centers.shape[:1]
        )
        if not sound:
            raise ValueError(f"centres of shape {centers.shape}, sizes of shape {sizes.shape}")
        self.cluster_centers_, self.cluster_sizes_ = centers, sizes
