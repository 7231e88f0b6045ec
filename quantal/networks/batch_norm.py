"""Batch normalisation whose three modes are an argument of the call, not a state of the module."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..batch_share import WHOLE, BatchShare
from .shared_norm import shared_norm

BatchNormMode = Literal["train", "batch", "eval"]

EPSILON = 2e-5  # Chainer's default, which the IMSAT authors' code uses
MOMENTUM = 0.1  # Chainer's decay 0.9


class BatchNorm(nn.Module):
    """Batch normalisation of (n, d) activations or (n, d, h, w) maps.

    ======= ======================= ======================== ==============================
    mode    normalises with         updates running averages used for
    ======= ======================= ======================== ==============================
    train   statistics of the batch yes                      the clean pass, once a step
    batch   statistics of the batch no                       every perturbed pass
    eval    running averages        no                       prediction
    ======= ======================= ======================== ==============================

    Freezing the averages by toggling a module attribute is unreliable across PyTorch versions, so
    the averages are only ever handed over in ``train`` mode. Statistics are float32 for bfloat16
    activations too. Where several processes compute a batch, its statistics are those of all its
    rows: who trains sets ``share`` for that long.

    Args:
        n_features: d, the number of columns or maps, each with a scale and an offset.
        epsilon: added to the variance.
    """

    running_mean: Tensor
    running_var: Tensor
    share: BatchShare = WHOLE

    def __init__(self, n_features: int, epsilon: float = EPSILON) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.scale = nn.Parameter(torch.ones(n_features))
        self.offset = nn.Parameter(torch.zeros(n_features))
        self.register_buffer("running_mean", torch.zeros(n_features))
        self.register_buffer("running_var", torch.ones(n_features))

    def forward(self, z: Tensor, mode: BatchNormMode, *, frozen: bool = False) -> Tensor:
        """Normalise ``z``, shape (n, d) or (n, d, h, w).

        Args:
            z: activations, float32 or bfloat16.
            mode: see the class.
            frozen: treat scale and offset as constants, so that no gradient is formed for them.

        Returns:
            Activations of the same shape and type.
        """
        scale, offset = (p.detach() if frozen else p for p in (self.scale, self.offset))
        if mode == "eval":
            return functional.batch_norm(
                z, self.running_mean, self.running_var, scale, offset, False, 0.0, self.epsilon
            )
        mean, var = (self.running_mean, self.running_var) if mode == "train" else (None, None)
        count = self.share.size(len(z)) * z.shape[2:].numel()
        if count == 1:  # one value a column has no statistics: it becomes the offset
            return offset.to(z.dtype).view(1, -1, *[1] * (z.ndim - 2)).expand_as(z) + 0 * z
        if self.share is not WHOLE:
            averages = None if mean is None or var is None else (mean, var, MOMENTUM)
            return shared_norm(z, scale, offset, self.epsilon, self.share, averages)
        return functional.batch_norm(z, mean, var, scale, offset, True, MOMENTUM, self.epsilon)
