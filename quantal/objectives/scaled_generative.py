"""Generative hashing of rows whose size differs: each bit's codeword has a scale in each row."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .generative_hashing import BitModel


@dataclass(frozen=True, eq=False)
class Scales:
    """Log-normal scales of codewords, one for each row and bit, given the row.

    Attributes:
        log_mean: Mean of the scale's logarithm, shape (n, l).
        log_deviation: Logarithm of its standard deviation, shape (n, l).
    """

    log_mean: Tensor
    log_deviation: Tensor

    def moments(self) -> tuple[Tensor, Tensor]:
        """Return mean and mean square of the scales, shape (n, l) each."""
        variance = torch.exp(2 * self.log_deviation)
        return torch.exp(self.log_mean + variance / 2), torch.exp(2 * (self.log_mean + variance))

    def variance(self) -> Tensor:
        """Return the variance of the scales, shape (n, l)."""
        spread = torch.exp(2 * self.log_deviation)
        return torch.exp(2 * self.log_mean + spread) * torch.expm1(spread)

    def divergence(self, deviation: float) -> Tensor:
        """Return KL from the prior, a log-normal of median 1, summed over bits, shape (n,), nats.

        Args:
            deviation: of the logarithm under the prior, > 0.
        """
        ratio = torch.exp(2 * self.log_deviation) / deviation**2
        distance = (self.log_mean / deviation).square()
        return 0.5 * (ratio + distance - 1 - ratio.log()).sum(dim=1)

    def negative_entropy(self) -> Tensor:
        """Return the mean of log q of the scales, summed over bits, shape (n,), nats."""
        constant = 0.5 * (1 + math.log(2 * math.pi))
        return -(self.log_mean + self.log_deviation + constant).sum(dim=1)


def scaled_code_loss(
    x: Tensor,
    h: Tensor,
    logits: Tensor,
    scales: Scales,
    model: BitModel,
    *,
    prior_deviation: float | None = 0.5,
) -> Tensor:
    """Description length of a code whose codeword k is multiplied by a latent scale z_k.

    A code stands for ``offset + sum_k z_k h_k codewords[k]``. The mean over the scales needs only
    their first two moments.

    Args:
        x: rows, shape (n, d).
        h: codes in the model's coding, shape (n, l); numbers between the two values are allowed.
        logits: of the encoder, shape (n, l).
        scales: of the encoder.
        model: what codes stand for.
        prior_deviation: as for `scaled_generative_loss`.

    Returns:
        One loss for each row, shape (n,), nats. Its mean over codes drawn from the encoder is
        `scaled_generative_loss`.

    Source: Dai et al. 2017, supplement Eqs. 10 and 11.
    """
    mean = scales.moments()[0]
    lengths = model.codewords.square().sum(dim=1)
    distance = model.residual(x, h * mean).square().sum(dim=1)
    distance = distance + (h.square() * scales.variance()) @ lengths
    bits = (h - model.middle) / model.step + 0.5
    log_q = (bits * logits - functional.softplus(logits)).sum(dim=1)
    if prior_deviation is None:
        log_scales = scales.negative_entropy()
    else:
        log_scales = scales.divergence(prior_deviation)
    energy = 0.5 * model.inverse_variance() * distance - h @ model.prior
    return energy + log_q + log_scales + model.constants()


def scaled_generative_loss(
    x: Tensor,
    logits: Tensor,
    scales: Scales,
    model: BitModel,
    *,
    prior_deviation: float | None = 0.5,
) -> Tensor:
    """Mean of `scaled_code_loss` over all codes that the encoder may draw, in closed form.

    Args:
        x: rows, shape (n, d).
        logits: of the encoder, shape (n, l).
        scales: of the encoder; independent of the bits given the row.
        model: what codes stand for.
        prior_deviation: of the logarithm of a scale under its prior. None: no prior, which is the
            objective as printed: it falls without bound as codewords shrink and scales grow.

    Returns:
        One loss for each row, shape (n,), nats; differentiable in everything.

    Source: Dai et al. 2017, supplement Eqs. 10 and 11.
    Differs: scales have a prior and are positive, since a scale below 0 would exchange the meaning
    of a bit from row to row; the mean is in closed form.
    """
    p = logits.sigmoid()
    at_mean = scaled_code_loss(
        x, model.values(p), logits, scales, model, prior_deviation=prior_deviation
    )
    bit_variance = model.step**2 * p * (-logits).sigmoid()
    spread = (bit_variance * scales.moments()[1]) @ model.codewords.square().sum(dim=1)
    return at_mean + 0.5 * model.inverse_variance() * spread
