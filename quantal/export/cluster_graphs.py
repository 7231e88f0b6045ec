"""Clusterers as modules from raw rows to probabilities and labels."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import ParameterError
from ..networks import ConvolutionalNetwork, ImageClassifier
from ..networks.convolutional import POOL
from ..networks.image_classifier import BoundClassifier
from ..networks.small_maps import BoundConvolution
from ..networks.trunk import BoundConvolutions, ConvolutionalTrunk
from ..objectives import student_assignment
from .input_layers import JudgedView, PreparedRows

PROBABLE = ("probabilities", "labels")
EMBEDDED = ("embeddings", "labels")


class ClusterGraph(nn.Module):
    """Base: prepared rows, then what the subclass makes of them.

    Attributes:
        outputs: Names of what `forward` returns.
    """

    outputs: tuple[str, str] = PROBABLE

    def __init__(self, model: Any, preparation: Any) -> None:
        super().__init__()
        self.prepared = PreparedRows(preparation)
        self.network = copy.deepcopy(model.network_).cpu()  # the model stays where it is

    def log_probabilities(self, rows: Tensor) -> Tensor:
        """Return (n, n_clusters) of prepared rows."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what ``outputs`` names."""
        log_p = self.log_probabilities(self.prepared(x))
        return log_p.exp(), log_p.argmax(1)


class SoftmaxGraph(ClusterGraph):
    """IMSAT and RIM."""

    def __init__(self, model: Any) -> None:
        super().__init__(model, model.preparation_)

    def log_probabilities(self, rows: Tensor) -> Tensor:
        """Return (n, n_clusters) of prepared rows."""
        logits: Tensor = self.network.bind()(rows, "eval")
        return logits.log_softmax(1)


class PairGraph(ClusterGraph):
    """IIC: the view that predictions are made from, any network, sub-heads."""

    def __init__(self, model: Any) -> None:
        if isinstance(model.network, nn.Module):
            raise ParameterError(
                "A model with a network of your own cannot be exported: it may hold any code. "
                "Export model.network_ with torch.onnx.export, or use a named network."
            )
        super().__init__(model, model.preparation_)
        self.view = nn.Identity() if _is_plain(model) else JudgedView(*_view_of(model))
        self.head = model._layout.clusters
        self.takes_mean = model.subheads == "mean" and self.head.n_subheads > 1

    def log_probabilities(self, rows: Tensor) -> Tensor:
        """Return (n, n_clusters) of prepared rows."""
        logits = _bound(self.network)(self.view(rows), "eval")
        own = logits[:, self.head.columns]
        n_subheads, n_clusters = self.head.n_subheads, self.head.n_clusters
        log_p: Tensor = own.reshape(-1, n_subheads, n_clusters).log_softmax(2)
        if self.takes_mean:
            return log_p.logsumexp(1) - math.log(n_subheads)
        return log_p[:, 0]


class AssignmentGraph(ClusterGraph):
    """DEC: soft assignments of codes to centres."""

    centers: Tensor

    def __init__(self, model: Any) -> None:
        super().__init__(model, model.preparation_)
        self.register_buffer("centers", torch.from_numpy(model.cluster_centers_.copy()))
        self.degrees = float(model.degrees)

    def log_probabilities(self, rows: Tensor) -> Tensor:
        """Return (n, n_clusters) of prepared rows."""
        return student_assignment(self.network.bind().encode(rows), self.centers, self.degrees)


class CentreGraph(ClusterGraph):
    """AutoencoderKMeans: the nearest centre among codes."""

    outputs = EMBEDDED
    centers: Tensor

    def __init__(self, model: Any) -> None:
        super().__init__(model, model.preparation_)
        self.register_buffer("centers", torch.from_numpy(model.cluster_centers_.copy()))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return codes (n, n_components) and labels."""
        codes = self.network.bind().encode(self.prepared(x))
        squares = (codes[:, None] - self.centers).square().sum(2)
        return codes, squares.argmin(1)


class NeighbourGraph(ClusterGraph):
    """JULE: the cluster of the fitted row whose embedding is nearest."""

    outputs = EMBEDDED
    fitted: Tensor
    half_squares: Tensor
    clusters: Tensor

    def __init__(self, model: Any) -> None:
        super().__init__(model, model.embedder_.preparation)
        self.embedder = model.embedder_
        fitted = torch.from_numpy(model.embeddings_)
        self.register_buffer("fitted", fitted.T.contiguous())
        self.register_buffer("half_squares", fitted.double().square().sum(1).float() / 2)
        self.register_buffer("clusters", torch.from_numpy(model.labels_.copy()))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings (n, n_outputs) and labels."""
        rows = self.prepared(x)
        embedded = self._maps(rows) if self.embedder.image_shape else self._vectors(rows)
        nearest = (embedded @ self.fitted - self.half_squares).argmax(1)
        return embedded, self.clusters[nearest]

    def _vectors(self, rows: Tensor) -> Tensor:
        return functional.normalize(self.network.bind()(rows, "eval"), dim=1)

    def _maps(self, rows: Tensor) -> Tensor:
        """Do what `ConvolutionalNetwork` does, without asking how many rows there are."""
        network: ConvolutionalNetwork = self.network
        channels, height, width = network.image_shape
        if self.embedder.channels_last:
            rows = rows.reshape(-1, height, width, channels).permute(0, 3, 1, 2)
        maps = rows.reshape(-1, channels, height, width)
        blocks = zip(
            network.filters, network.offsets, network.norms, network.plan.pools, strict=True
        )
        for filters, offset, norm, pool in blocks:
            maps = functional.conv2d(maps, filters, offset, padding=network.plan.padding)
            maps = torch.relu(norm(maps, "eval"))
            if pool:
                maps = functional.max_pool2d(maps, POOL, ceil_mode=True)
        embedded = torch.addmm(network.bias, maps.flatten(1), network.output)
        return functional.normalize(embedded, dim=1)


def _bound(network: Any) -> Any:
    """Return a network as a function; its convolutions stay such, also of the smallest maps."""
    if not isinstance(network, ImageClassifier):
        return network.bind()
    trunk: Any = network.trunk
    assert isinstance(trunk, ConvolutionalTrunk)
    pairs = zip(trunk.convolutions, trunk.filters, strict=True)
    convolutions = [BoundConvolution(form, filters) for form, filters in pairs]
    return BoundClassifier(network, BoundConvolutions(trunk, convolutions, torch.float32))


def _is_plain(model: Any) -> bool:
    return not hasattr(model._views.evaluation, "view")


def _view_of(model: Any) -> tuple[Any, tuple[int, int, int]]:
    flat = model._views.evaluation.view
    return flat.view, flat.image_shape
