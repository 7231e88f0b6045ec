"""What a network trained on pairs leaves in its model folder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ParameterError
from ..training import Artifact
from .pair_prediction import PairPrediction

JOINT = "overcluster_joint"


class PairFolder(PairPrediction):
    """Mixin that saves and restores networks for images as well as perceptrons."""

    def to_artifact(self) -> Artifact:
        """Return what `save` writes.

        Raises:
            ParameterError: The network is the user's own module, which a folder cannot describe.
        """
        if isinstance(self.network, nn.Module):
            raise ParameterError(
                "A model with a network of your own cannot be saved as a folder: the folder holds "
                "no code. Keep model.network_.state_dict(), or use one of the named networks."
            )
        return super().to_artifact()

    def _fitted_tensors(self) -> dict[str, Tensor]:
        tensors = super()._fitted_tensors()
        if self._layout.overclusters is not None:
            tensors[JOINT] = torch.from_numpy(self.overcluster_joint_)
        return tensors

    def _stored_network(self, weights: dict[str, Tensor]) -> nn.Module:
        """Make the network only if its output has the stored size."""
        if self._views.image_shape is None:
            return super()._stored_network(weights)
        if weights["output"].ndim != 2 or weights["output"].shape[1] != self._n_outputs():
            raise ValueError(f"an output of shape {tuple(weights['output'].shape)}")
        return self._filled_network(weights)

    def _restore(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self._require_parameters()
        self._set_views(self._image_shape())
        super()._restore(config, tensors)
        over = self._layout.overclusters
        if over is not None:
            self.overcluster_joint_ = tensors[JOINT].numpy()
            if self.overcluster_joint_.shape != (over.n_clusters, over.n_clusters):
                raise ValueError(f"a joint of shape {self.overcluster_joint_.shape}")
