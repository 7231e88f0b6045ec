"""What a fitted network leaves in its model folder, and how it is put back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ..data.preparation import SCALINGS, Preparation
from ..errors import ParameterError
from ..networks import MLP
from ..training import resolve_device, resolve_dtype
from .model_folder import ModelFolder

PREFIX = "network."
PREPARATION_PARTS = ("center", "unit", "order")


class NetworkFolder(ModelFolder):
    """Mixin that saves and restores an estimator's preparation and its network.

    Attributes:
        fitted_numbers: Names of fitted numbers that are saved where they exist.
    """

    fitted_numbers: ClassVar[tuple[str, ...]] = ("objective_", "n_iter_")

    network_: Any  # an MLP unless _make_network says otherwise
    preparation_: Preparation
    hidden_layer_sizes_: tuple[int, ...]
    n_features_in_: int
    precision: str
    device: str

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def _n_outputs(self) -> int:
        """Return the columns of the network's output."""
        raise NotImplementedError

    def _make_network(self, generator: torch.Generator) -> torch.nn.Module:
        """Return a new network for the fit's widths."""
        shape = (self.n_features_in_, self.hidden_layer_sizes_, self._n_outputs())
        return MLP(*shape, generator)

    def _weight_names(self) -> list[str]:
        """Return the names of the network's matrices, (n_in, n_out), from input to output."""
        return [*(f"weights.{i}" for i in range(len(self.hidden_layer_sizes_))), "output"]

    def _stored_network(self, weights: dict[str, Tensor]) -> torch.nn.Module:
        """Make the network only after the stored sizes agree: nothing large is allocated."""
        sizes = [self.n_features_in_, *self.hidden_layer_sizes_, self._n_outputs()]
        stored = [tuple(weights[name].shape) for name in self._weight_names()]
        if stored != list(pairwise(sizes)):
            raise ValueError(f"weights of shapes {stored} for a network of widths {sizes}")
        return self._filled_network(weights)

    def _filled_network(self, weights: dict[str, Tensor]) -> torch.nn.Module:
        """Make the network and fill it with weights of exactly its shapes and types."""
        network = self._make_network(torch.Generator())
        forms = [
            {k: (v.shape, v.dtype) for k, v in t.items()} for t in (weights, network.state_dict())
        ]
        if forms[0] != forms[1]:  # load_state_dict would convert types and some shapes
            raise ValueError("the network's tensors are not of its shapes and types")
        network.load_state_dict(weights)
        return network

    def _fitted_config(self) -> dict[str, Any]:
        names = self.fitted_numbers
        return {
            "fitted": {name: getattr(self, name) for name in names if hasattr(self, name)},
            "hidden_layer_sizes": list(self.hidden_layer_sizes_),
            "scaling": self.preparation_.scaling,
        }

    def _fitted_tensors(self) -> dict[str, Tensor]:
        tensors = {f"{PREFIX}{k}": v for k, v in self.network_.state_dict().items()}
        for name in PREPARATION_PARTS:
            tensors[f"preparation.{name}"] = torch.from_numpy(getattr(self.preparation_, name))
        return tensors

    def _restore(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        widths = [int(width) for width in config["hidden_layer_sizes"]]
        center, unit, order = (tensors[f"preparation.{name}"].numpy() for name in PREPARATION_PARTS)
        require_preparation(config["scaling"], center, unit, order, self.n_features_in_)
        self.hidden_layer_sizes_ = tuple(widths)
        self.preparation_ = Preparation(config["scaling"], center, unit, order)
        self._device = device_here(self.device)
        self._dtype = resolve_dtype(self.precision, self._device, widths)
        self.network_ = self._stored_network(
            {k.removeprefix(PREFIX): v for k, v in tensors.items() if k.startswith(PREFIX)}
        ).to(self._device)
        for name in self.fitted_numbers:
            if name in config["fitted"]:
                value = config["fitted"][name]
                if type(value) not in {int, float}:
                    raise ValueError(f"{name} is {value!r}")
                setattr(self, name, value)


def device_here(device: str) -> torch.device:
    """Return the saved device, or the best one of a machine that lacks it."""
    try:
        return resolve_device(device)
    except ParameterError:
        return resolve_device("auto")


def require_preparation(scaling: Any, center: Any, unit: Any, order: Any, n_features: int) -> None:
    """Raise ValueError unless a stored preparation is sound."""
    sound = (
        scaling in SCALINGS
        and center.shape == unit.shape == order.shape == (n_features,)
        and center.dtype == unit.dtype == np.float64
        and order.dtype == np.int64
        and bool((unit > 0).all())
        and np.array_equal(np.sort(order), np.arange(n_features))
    )
    if not sound:
        raise ValueError("the preparation is damaged")
