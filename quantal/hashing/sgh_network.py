"""Encoder and decoder of stochastic generative hashing, trained together."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..objectives import BitModel

LEAST_DEVIATION = 1e-3  # of the prepared rows' unit; rows that codes reproduce exactly would need 0


class SGHNetwork(nn.Module):
    """Linear encoder, linear decoder, prior and noise.

    Args:
        n_features: columns of the rows, d.
        n_bits: bits of a code, l.
        coding: "01" or "pm1"; see `quantal.objectives.BitModel`.
        learn_prior: train the prior of the bits; otherwise it stays uniform.
        learn_deviation: train the deviation of the noise.
        generator: source of the initial weights.

    Source: Dai et al. 2017, Section 2; initial encoder as in the authors' stochastic_hashing.py.
    Differs: encoder and decoder have an offset; the noise has a least deviation.
    """

    def __init__(
        self,
        n_features: int,
        n_bits: int,
        coding: str,
        *,
        learn_prior: bool,
        learn_deviation: bool,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        draw = torch.randn(n_features, n_bits, generator=generator)
        self.weight = nn.Parameter(draw / math.sqrt(n_features))
        self.bias = nn.Parameter(torch.zeros(n_bits))
        self.codewords = nn.Parameter(torch.zeros(n_bits, n_features))
        self.offset = nn.Parameter(torch.zeros(n_features))
        self.prior = nn.Parameter(torch.zeros(n_bits), requires_grad=learn_prior)
        self.log_deviation = nn.Parameter(torch.zeros(()), requires_grad=learn_deviation)
        self.coding = coding

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of the bits, shape (n, l), for prepared rows (n, d)."""
        return torch.addmm(self.bias, x, self.weight)

    def model(self) -> BitModel:
        """Return what codes stand for; gradients flow into the parameters."""
        floor = self.log_deviation.new_tensor(math.log(LEAST_DEVIATION))
        # A clamp would have no gradient below the floor and never leave it again.
        deviation = torch.logaddexp(self.log_deviation, floor)
        return BitModel(self.codewords, self.offset, self.prior, deviation, self.coding)
