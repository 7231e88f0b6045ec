"""Saving a fitted clusterer to a model folder, and taking it back from one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..data.preparation import SCALINGS, Preparation
from ..errors import FileFormatError, ParameterError
from ..networks import MLP
from ..training import Artifact, resolve_device, resolve_dtype, write_artifact

FITTED_NUMBERS = (
    "objective_",
    "n_iter_",
    "balance_",
    "conditional_entropy_",
    "marginal_entropy_",
)
MOST_FEATURES = 10_000_000
NOT_SAVED = "a callable that was not saved"
UNFIT = (ArithmeticError, AttributeError, KeyError, RuntimeError, TypeError, ValueError)


class ModelFolder:
    """Mixin with ``save`` and the counterpart that `quantal.load` calls.

    Attributes:
        reader_: How the rows were read, as ``Dataset.reader`` states it (JSON values). Optional:
            whoever read the rows sets it, and it is saved so that new data are read alike.
    """

    network_: MLP
    preparation_: Preparation

    def save(self, path: str | Path) -> None:
        """Write the fitted model to a folder, whole or not at all.

        The folder holds JSON and safetensors only and no training row. Callables among the
        parameters are not saved: the loaded model predicts, but must be given them again to fit.

        Args:
            path: the folder; a model there is replaced.

        Raises:
            NotFittedError: `fit` was not called.
            ParameterError: ``path`` is something else, or cannot be written.
        """
        write_artifact(path, self.to_artifact())

    def to_artifact(self) -> Artifact:
        """Return what `save` writes."""
        check_is_fitted(self, "network_")
        fitted = {name: getattr(self, name) for name in FITTED_NUMBERS if hasattr(self, name)}
        me: Any = self
        config = {
            "method": type(self).__name__,
            "parameters": {k: _plain(v) for k, v in me.get_params().items()},
            "fitted": fitted,
            "n_features": me.n_features_in_,
            "image_shape": me.image_shape_,
            "hidden_layer_sizes": list(me.hidden_layer_sizes_),
            "scaling": self.preparation_.scaling,
        }
        tensors = {f"network.{k}": v for k, v in self.network_.state_dict().items()}
        for name in ("center", "unit", "order"):
            tensors[f"preparation.{name}"] = torch.from_numpy(getattr(self.preparation_, name))
        if hasattr(me, "reader_"):
            config["reader"] = me.reader_
        if hasattr(me, "cluster_sizes_"):
            tensors["cluster_sizes"] = torch.from_numpy(me.cluster_sizes_)
        return Artifact(config, tensors, {"data": me.data_, "history": me.history_})

    @classmethod
    def from_artifact(cls, artifact: Artifact) -> Self:
        """Rebuild the model that `to_artifact` described.

        Raises:
            FileFormatError: The parts do not fit together.
        """
        try:
            return cls._rebuild(artifact)
        except UNFIT as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise FileFormatError(
                f"The model's parts do not fit together ({reason}). Save the model again."
            ) from None

    @classmethod
    def _rebuild(cls, artifact: Artifact) -> Self:
        config, tensors = artifact.config, artifact.tensors
        model: Any = cls(**config["parameters"])
        widths = [int(width) for width in config["hidden_layer_sizes"]]
        n_features = int(config["n_features"])
        if not 1 <= n_features <= MOST_FEATURES:
            raise ValueError(f"{n_features} features")
        center, unit, order = (
            tensors[f"preparation.{name}"].numpy() for name in ("center", "unit", "order")
        )
        _require_preparation(config["scaling"], center, unit, order, n_features)
        model.n_features_in_ = n_features
        shape = config["image_shape"]
        model.image_shape_ = None if shape is None else tuple(int(size) for size in shape)
        model.hidden_layer_sizes_ = tuple(widths)
        model.preparation_ = Preparation(config["scaling"], center, unit, order)
        model._device = _device_here(model.device)
        model._dtype = resolve_dtype(model.precision, model._device, widths)
        weights = {
            k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")
        }
        model.network_ = _network(n_features, widths, int(model.n_clusters), weights)
        model.network_.to(model._device)
        for name in FITTED_NUMBERS:
            if name in config["fitted"]:
                setattr(model, name, config["fitted"][name])
        if "cluster_sizes" in tensors:
            model.cluster_sizes_ = tensors["cluster_sizes"].numpy()
        if "reader" in config:
            model.reader_ = dict(config["reader"])
        model.data_ = artifact.manifest["data"]
        model.history_ = artifact.manifest["history"]
        return model  # type: ignore[no-any-return]


def _device_here(device: str) -> torch.device:
    """Return the saved device, or the best one of a machine that lacks it."""
    try:
        return resolve_device(device)
    except ParameterError:
        return resolve_device("auto")


def _plain(value: Any) -> Any:
    """Return a parameter as JSON can hold it."""
    if callable(value):
        return NOT_SAVED
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    if isinstance(value, np.random.RandomState):
        return None
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _require_preparation(scaling: Any, center: Any, unit: Any, order: Any, n_features: int) -> None:
    sound = (
        scaling in SCALINGS
        and center.shape == unit.shape == order.shape == (n_features,)
        and center.dtype == unit.dtype == np.float64
        and bool((unit > 0).all())
        and np.array_equal(np.sort(order), np.arange(n_features))
    )
    if not sound:
        raise ValueError("the preparation is damaged")


def _network(
    n_features: int, widths: list[int], n_clusters: int, weights: dict[str, Tensor]
) -> MLP:
    """Make the network only after the stored sizes agree with it: nothing large is allocated."""
    sizes = [n_features, *widths, n_clusters]
    stored = [tuple(weights[f"weights.{i}"].shape) for i in range(len(widths))] + [
        tuple(weights["output"].shape)
    ]
    if stored != list(pairwise(sizes)):
        raise ValueError(f"weights of shapes {stored} for a network of widths {sizes}")
    network = MLP(n_features, widths, n_clusters, torch.Generator())
    network.load_state_dict(weights)
    return network
