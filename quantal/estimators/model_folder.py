"""Saving a fitted estimator to a model folder, and taking it back from one."""

from __future__ import annotations

import math
from abc import abstractmethod
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..data.options import parse_options
from ..errors import FileFormatError
from ..training import Artifact, write_artifact

MOST_FEATURES = 10_000_000
COUNTS = ("n_bits", "n_clusters", "n_components", "n_overclusters", "n_subheads")
NOT_SAVED = "a callable that was not saved"
UNFIT = (ArithmeticError, AttributeError, KeyError, RuntimeError, TypeError, ValueError)


class ModelFolder:
    """Mixin with ``save`` and the counterpart that `quantal.load` calls.

    Subclasses say what a fit left behind (`_fitted_config`, `_fitted_tensors`) and put it back
    (`_restore`); the rest is the same for all.

    Attributes:
        reader_: How the rows were read, as ``Dataset.reader`` states it (JSON values). Optional:
            whoever read the rows sets it, and it is saved so that new data are read alike.
        fit_seconds_: How long the fit took. Optional: whoever timed it sets it, and it is saved in
            the manifest.
    """

    @abstractmethod
    def _fitted_config(self) -> dict[str, Any]:
        """Return fitted values that are not tensors, as JSON can hold them."""

    @abstractmethod
    def _fitted_tensors(self) -> dict[str, Tensor]:
        """Return fitted tensors by name."""

    @abstractmethod
    def _restore(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Take fitted values back, checking each; any error means that the folder is unsound."""

    def save(self, path: str | Path) -> None:
        """Write the fitted model to a folder, whole or not at all.

        The folder holds JSON and safetensors only and no training row. Callables among the
        parameters are not saved: the loaded model can be used, but must be given them again to
        fit.

        Args:
            path: the folder; a model there is replaced.

        Raises:
            NotFittedError: `fit` was not called.
            ParameterError: ``path`` is something else, or cannot be written.
        """
        write_artifact(path, self.to_artifact())

    def to_artifact(self) -> Artifact:
        """Return what `save` writes."""
        check_is_fitted(self)
        me: Any = self
        config = {
            "method": type(self).__name__,
            "parameters": {k: _plain(v) for k, v in me.get_params().items()},
            "n_features": me.n_features_in_,
            "image_shape": me.image_shape_,
            **self._fitted_config(),
        }
        if hasattr(me, "reader_"):
            config["reader"] = me.reader_
        manifest = {"data": me.data_, "history": getattr(me, "history_", {})}
        if hasattr(me, "fit_seconds_"):
            manifest["seconds"] = float(me.fit_seconds_)
        return Artifact(config, self._fitted_tensors(), manifest)

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
        config = artifact.config
        _require_stored(config["parameters"], artifact.tensors)
        model: Any = cls(**config["parameters"])
        n_features = int(config["n_features"])
        if not 1 <= n_features <= MOST_FEATURES:
            raise ValueError(f"{n_features} features")
        model.n_features_in_ = n_features
        model.image_shape_ = _sound_shape(config["image_shape"], n_features)
        model._restore(config, artifact.tensors)
        if "reader" in config:
            model.reader_ = _sound_reader(config["reader"])
        data, history = artifact.manifest["data"], artifact.manifest["history"]
        if not (isinstance(data, dict) and isinstance(history, dict)):
            raise ValueError("data and history are no objects")
        model.data_ = data
        if history:
            model.history_ = {name: _numbers(values) for name, values in history.items()}
        if "seconds" in artifact.manifest:
            model.fit_seconds_ = _seconds(artifact.manifest["seconds"])
        return model  # type: ignore[no-any-return]


def _require_stored(parameters: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Raise ValueError for a count of which nothing is stored, before anything has its size."""
    stored = sum(tensor.numel() for tensor in tensors.values())
    for name in COUNTS:
        value = parameters.get(name)
        if isinstance(value, int | float) and value > stored:
            raise ValueError(f"{name} is {value:g}, and {stored} numbers are stored")


def _sound_shape(shape: Any, n_features: int) -> tuple[int, ...] | None:
    """Return the shape of an image, whose pixels are the features."""
    if shape is None:
        return None
    sizes = tuple(int(size) for size in shape)
    if len(sizes) not in {2, 3} or min(sizes) < 1 or math.prod(sizes) != n_features:
        raise ValueError(f"images of shape {sizes} in {n_features} columns")
    return sizes


def _sound_reader(settings: Any) -> dict[str, Any]:
    """Return the settings of a stored reader, which may name no place on this machine."""
    reader = dict(settings)
    if "data_dir" in reader:
        raise ValueError("the reader names a folder")
    parse_options(reader)
    return reader


def _seconds(value: Any) -> float:
    """Return a stored time."""
    if type(value) not in {int, float} or not 0 <= value < math.inf:
        raise ValueError(f"the fit took {value!r} seconds")
    return float(value)


def _numbers(values: Any) -> list[float]:
    """Return the values of one term of a history."""
    if not (isinstance(values, list) and all(type(value) in {int, float} for value in values)):
        raise ValueError("the history holds something else than numbers")
    return values


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
