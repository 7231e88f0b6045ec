"""Hashers as modules from raw rows to bits and packed codes."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..hashing.linear_bits import may_start_at_origin
from .input_layers import CentredRows, PreparedRows

HASHED = ("bits", "codes")


class HashGraph(nn.Module):
    """Base: the numbers whose signs are the bits, their signs, and the signs packed.

    Attributes:
        outputs: Names of what `forward` returns.
        n_bits: Bits of a code.
        tie: The bit of a number that is exactly 0.
    """

    outputs = HASHED
    powers: Tensor

    def __init__(self, model: Any, *, tie: int = 0) -> None:
        super().__init__()
        self.n_bits = int(model.n_bits)
        self.tie = tie
        # Sums of different powers of 2 up to 255 are exact in float32, which all runtimes have.
        self.register_buffer("powers", 2.0 ** torch.arange(8))

    def scores(self, x: Tensor) -> Tensor:
        """Return (n, n_bits): a bit is 1 where its score is above 0."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return bits (n, n_bits) and codes (n, n_bytes), both uint8."""
        scores = self.scores(x)
        bits = (scores >= 0 if self.tie else scores > 0).float()
        whole = functional.pad(bits, (0, -self.n_bits % 8))
        codes = (whole.reshape(-1, -(-self.n_bits // 8), 8) * self.powers).sum(2)
        return bits.to(torch.uint8), codes.to(torch.uint8)


class LogitGraph(HashGraph):
    """IMSATHash, RIMHash and DeepHash: signs of a network's output."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.prepared = PreparedRows(model.preparation_)
        self.network = copy.deepcopy(model.network_).cpu()
        self._logits_of = model._logits_of

    def scores(self, x: Tensor) -> Tensor:
        """Return the logits."""
        logits: Tensor = self._logits_of(self.network)(self.prepared(x))
        return logits


class LinearGraph(HashGraph):
    """Signs of products of (centred) rows with directions, less thresholds."""

    directions: Tensor
    thresholds: Tensor

    def __init__(self, model: Any, center: Any, thresholds: Any = None, *, tie: int = 0) -> None:
        super().__init__(model, tie=tie)
        self.rows = CentredRows(center)
        self.register_buffer("directions", torch.from_numpy(np.array(model.directions_)))
        self.has_thresholds = thresholds is not None
        if self.has_thresholds:
            self.register_buffer("thresholds", torch.from_numpy(np.array(thresholds)))

    def scores(self, x: Tensor) -> Tensor:
        """Return how far each product is above its threshold."""
        products: Tensor = self.rows(x) @ self.directions
        if not self.has_thresholds:
            return products
        # The difference of unequal numbers of one type is never 0, so its sign is their order.
        return products.to(self.thresholds.dtype) - self.thresholds


class WaveGraph(HashGraph):
    """SpectralHashing: signs of cosines along principal directions."""

    directions: Tensor
    lows: Tensor
    ranges: Tensor
    sides: Tensor
    orders: Tensor

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.rows = CentredRows(model.center_)
        for name in ("directions_", "lows_", "ranges_", "sides_"):
            self.register_buffer(name.strip("_"), torch.from_numpy(np.array(getattr(model, name))))
        self.register_buffer("orders", torch.from_numpy(model.orders_.astype(np.float32)))

    def scores(self, x: Tensor) -> Tensor:
        """Return the cosines."""
        along = (self.rows(x) @ self.directions - self.lows) / self.ranges
        return torch.cos(np.float32(np.pi).item() * (along[:, self.sides] * self.orders))


def itq_graph(model: Any) -> LinearGraph:
    """Return the graph of `quantal.hashing.ITQ`, which folds a near centre into thresholds."""
    spread = float(np.sqrt(model.variances_.mean()))
    if not may_start_at_origin(model.center_, spread):
        return LinearGraph(model, model.center_, tie=1)
    thresholds = (model.center_ @ model.directions_).astype(np.float32)
    return LinearGraph(model, None, thresholds, tie=1)


def hyperplane_graph(model: Any) -> LinearGraph:
    """Return the graph of `quantal.hashing.RandomHyperplaneHashing`."""
    return LinearGraph(model, model.center_)


def binary_autoencoder_graph(model: Any) -> LinearGraph:
    """Return the graph of `quantal.hashing.BinaryAutoencoder`."""
    return LinearGraph(model, model.center_, model.thresholds_)


def sgh_graph(model: Any) -> LinearGraph:
    """Return the graph of `quantal.hashing.SGH`, centring and scaling folded in."""
    return LinearGraph(model, model._far_center, model._thresholds)
