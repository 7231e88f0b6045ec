"""Encoder and decoder of stochastic generative hashing, trained together."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..objectives import BitModel, Scales

LEAST_DEVIATION = 1e-3  # of the prepared rows' unit; rows that codes reproduce exactly would need 0
LARGEST_LOG_SCALE = 4.0  # a linear map would give far rows scales that overflow when squared
FIRST_SCALE_DEVIATION = 0.1  # of log scales: the spread of scales blurs codewords at first


class SGHNetwork(nn.Module):
    """Linear encoder, linear decoder, prior, noise, and how agreement tells pairs.

    Args:
        n_features: columns of the rows, d.
        n_bits: bits of a code, l.
        coding: "01" or "pm1"; see `quantal.objectives.BitModel`.
        learn_prior: train the prior of the bits; otherwise it stays uniform.
        learn_deviation: train the deviation of the noise.
        scale_deviation: of the logarithm of codewords' scales under their prior; None: no scales.
        generator: source of the initial weights.

    Source: Dai et al. 2017, Section 2, supplement D.1 and D.2; initial encoder as in the authors'
    stochastic_hashing.py.
    Differs: encoder and decoder have an offset; the noise has a least deviation. The paper leaves
    the encoder of scales open.
    """

    def __init__(
        self,
        n_features: int,
        n_bits: int,
        coding: str,
        *,
        learn_prior: bool,
        learn_deviation: bool,
        scale_deviation: float | None = None,
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
        self.scale_deviation = scale_deviation
        # Until pairs teach otherwise: one deviation of the agreement of codes drawn by fair coins
        # changes the odds by a factor of e, and their mean agreement leaves them even.
        mean, deviation = (0.0, 1.0) if coding == "pm1" else (0.25 * n_bits, 0.1875**0.5)
        slope = 1 / (deviation * math.sqrt(n_bits))
        self.pair_log_slope = nn.Parameter(torch.tensor(math.log(slope)))
        self.pair_offset = nn.Parameter(torch.tensor(slope * mean))
        if scale_deviation is not None:
            self.scale_weight = nn.Parameter(torch.zeros(n_features, n_bits))
            self.scale_bias = nn.Parameter(torch.zeros(n_bits))
            self.scale_floor = nn.Parameter(torch.zeros(n_bits))
            self.spread_weight = nn.Parameter(torch.zeros(n_features, n_bits))
            narrow = min(FIRST_SCALE_DEVIATION / scale_deviation, 0.5)
            self.spread_bias = nn.Parameter(torch.full((n_bits,), _inverse_softplus(narrow)))

    def fix(self, name: str, value: float) -> None:
        """Set a parameter to a value and leave it out of training."""
        parameter = self.get_parameter(name).requires_grad_(False)
        with torch.no_grad():
            parameter.fill_(value)

    def fix_pair_slope(self, slope: float) -> None:
        """Fix the slope; the mean agreement of random codes still leaves the odds even."""
        with torch.no_grad():
            self.pair_offset.mul_(slope / self.pair_log_slope.exp())
        self.fix("pair_log_slope", math.log(slope))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of the bits, shape (n, l), for prepared rows (n, d)."""
        return torch.addmm(self.bias, x, self.weight)

    def start_scales(self) -> None:
        """Let scales start from how far rows lie from the threshold of each bit."""
        if self.scale_deviation is not None:
            with torch.no_grad():
                self.scale_weight.copy_(self.weight)
                self.scale_bias.copy_(self.bias)

    def scales(self, x: Tensor) -> Scales | None:
        """Return the codewords' scales in prepared rows (n, d); None where there are none.

        A scale follows the size of a linear function of the row, whose sign is the bit's business;
        its deviation is at most the prior's, since a row cannot make it less certain.
        """
        if self.scale_deviation is None:
            return None
        size = torch.addmm(self.scale_bias, x, self.scale_weight)
        mean = 0.5 * torch.log(size.square() + torch.exp(2 * self.scale_floor))
        mean = LARGEST_LOG_SCALE * torch.tanh(mean / LARGEST_LOG_SCALE)
        certainty = functional.softplus(torch.addmm(self.spread_bias, x, self.spread_weight))
        return Scales(mean, math.log(self.scale_deviation) - certainty)

    def pair_setting(self) -> dict[str, Any]:
        """Return how agreement tells pairs, as `quantal.objectives.pair_surrogate` takes it."""
        slope = self.pair_log_slope.exp()
        return {"slope": slope, "offset": self.pair_offset, "coding": self.coding}

    def model(self) -> BitModel:
        """Return what codes stand for; gradients flow into the parameters."""
        floor = self.log_deviation.new_tensor(math.log(LEAST_DEVIATION))
        # A clamp would have no gradient below the floor and never leave it again.
        deviation = torch.logaddexp(self.log_deviation, floor)
        return BitModel(self.codewords, self.offset, self.prior, deviation, self.coding)


def _inverse_softplus(share: float) -> float:
    """Return t with exp(-softplus(t)) = share, 0 < share < 1."""
    return math.log(1 / share - 1)
