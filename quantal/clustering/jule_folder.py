"""What a fitted JULE leaves in its model folder."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..data.preparation import Preparation
from ..estimators import ModelFolder
from ..estimators.network_folder import device_here, require_preparation
from ..graph import MergeTree
from ..networks import ConvolutionalPlan
from ..training import resolve_dtype
from .jule_network import Embedder

NETWORK = "network."
ARRAYS = {  # name: (dtype, number of axes)
    "labels_": ("int64", 1),
    "joint_labels_": ("int64", 1),
    "cluster_sizes_": ("int64", 1),
    "embeddings_": ("float32", 2),
}
TREE = {
    "labels": ("int64", 1),
    "pairs": ("int64", 2),
    "scores": ("float64", 1),
    "sizes": ("int64", 1),
}


class JuleFolder(ModelFolder):
    """Mixin that saves network, embeddings, labels and tree, and checks them when they return."""

    n_features_in_: int
    embedder_: Embedder
    network_: Any
    device: str
    precision: str
    tree_: MergeTree
    labels_: NDArray[np.int64]
    joint_labels_: NDArray[np.int64]
    cluster_sizes_: NDArray[np.int64]
    embeddings_: NDArray[np.float32]
    stage_sizes_: list[int]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "embeddings_")

    def _fitted_config(self) -> dict[str, Any]:
        embedder, plan = self.embedder_, self.embedder_.plan
        return {
            "stage_sizes": self.stage_sizes_,
            "scaling": embedder.preparation.scaling,
            "n_outputs": embedder.n_outputs,
            "network_shape": embedder.image_shape,
            "channels_last": embedder.channels_last,
            "hidden_layer_sizes": list(embedder.hidden_layer_sizes),
            "pools": None if plan is None else list(plan.pools),
            "padding": None if plan is None else plan.padding,
            "n_channels": None if plan is None else plan.n_channels,
        }

    def _fitted_tensors(self) -> dict[str, Tensor]:
        tensors = {f"{NETWORK}{k}": v for k, v in self.network_.state_dict().items()}
        preparation = self.embedder_.preparation
        for name in ("center", "unit", "order"):
            tensors[f"preparation.{name}"] = torch.from_numpy(getattr(preparation, name))
        for name in ARRAYS:
            tensors[name] = torch.from_numpy(np.ascontiguousarray(getattr(self, name)))
        for name in TREE:
            tensors[f"tree.{name}"] = torch.from_numpy(
                np.ascontiguousarray(getattr(self.tree_, name))
            )
        return tensors

    def _restore(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.embedder_ = _embedder(config, tensors, self.n_features_in_)
        weights = {k.removeprefix(NETWORK): v for k, v in tensors.items() if k.startswith(NETWORK)}
        self._device = device_here(self.device)
        self._dtype = resolve_dtype(self.precision, self._device, self.embedder_.widths)
        self.network_ = _network(self.embedder_, weights).to(self._device)
        for name, form in ARRAYS.items():
            setattr(self, name, _array(tensors, name, form))
        tree = {name: _array(tensors, f"tree.{name}", form) for name, form in TREE.items()}
        self.tree_ = MergeTree(**tree)
        self.stage_sizes_ = [int(size) for size in config["stage_sizes"]]
        self.n_clusters_ = len(self.cluster_sizes_)
        _require_agreement(self)


def _array(tensors: dict[str, Tensor], name: str, form: tuple[str, int]) -> NDArray[Any]:
    array = tensors[name].numpy()
    if (str(array.dtype), array.ndim) != form:
        raise ValueError(f"{name} is {array.dtype} of {array.ndim} axes")
    return array


def _embedder(config: dict[str, Any], tensors: dict[str, Tensor], n_features: int) -> Embedder:
    center, unit, order = (
        tensors[f"preparation.{name}"].numpy() for name in ("center", "unit", "order")
    )
    require_preparation(config["scaling"], center, unit, order, n_features)
    preparation = Preparation(config["scaling"], center, unit, order)
    n_outputs = int(config["n_outputs"])
    if config["network_shape"] is None:
        widths = tuple(int(width) for width in config["hidden_layer_sizes"])
        return Embedder(preparation, n_outputs, hidden_layer_sizes=widths)
    channels, height, width = (int(size) for size in config["network_shape"])
    if channels * height * width != n_features:
        raise ValueError(f"images of {channels} x {height} x {width} in {n_features} columns")
    plan = ConvolutionalPlan(
        tuple(bool(pool) for pool in config["pools"]),
        int(config["padding"]),
        int(config["n_channels"]),
        n_outputs,
    )
    shape = (channels, height, width)
    return Embedder(preparation, n_outputs, shape, bool(config["channels_last"]), plan)


def _network(embedder: Embedder, weights: dict[str, Tensor]) -> torch.nn.Module:
    """Make the network only after the stored sizes agree: nothing large is allocated."""
    stored = {name: tuple(weights[name].shape) for name in embedder.shapes()}
    if stored != embedder.shapes():
        raise ValueError(f"weights of shapes {stored} where {embedder.shapes()} belong")
    network = embedder.build(torch.Generator())
    forms = [{k: (v.shape, v.dtype) for k, v in t.items()} for t in (weights, network.state_dict())]
    if forms[0] != forms[1]:  # load_state_dict would convert types and some shapes
        raise ValueError("the network's tensors are not of its shapes and types")
    network.load_state_dict(weights)
    return network


def _require_agreement(model: JuleFolder) -> None:
    """Raise ValueError unless labels, sizes, embeddings and tree are of the same rows."""
    n, sizes = len(model.labels_), model.cluster_sizes_
    tree = model.tree_
    sound = (
        len(model.joint_labels_) == len(model.embeddings_) == len(tree.labels) == n > 0
        and model.embeddings_.shape[1] == model.embedder_.n_outputs
        and model.labels_.min() >= 0
        and model.labels_.max() < len(sizes) <= n
        and np.array_equal(np.bincount(model.labels_, minlength=len(sizes)), sizes)
        and len(tree.pairs) == len(tree.scores) == len(tree.sizes) < n
    )
    if not sound:
        raise ValueError("labels, embeddings and tree disagree")
