"""The loss of stochastic generative hashing: how long a code describes its row.

A code h of l bits, drawn from a prior, stands for the point m(h) = offset + sum_k h_k codewords[k];
a row is that point and Gaussian noise of deviation rho in every column. Encoder bits are
independent coins with P(bit k is set) = sigmoid(logit_k). Losses are in nats, one for each row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

CODINGS = ("01", "pm1")


@dataclass(frozen=True, eq=False)
class BitModel:
    """Prior of codes and the Gaussian that each code stands for.

    Attributes:
        codewords: What each bit adds, U, shape (l, d).
        offset: What is added to every code, alpha, shape (d,).
        prior: Natural parameters of the prior, beta, shape (l,): p(h) is proportional to
            exp(beta^T h). Zeros: all codes are equally likely.
        log_deviation: log rho of the noise, a scalar.
        coding: "01": bits are 0 or 1; "pm1": they are -1 or 1.
    """

    codewords: Tensor
    offset: Tensor
    prior: Tensor
    log_deviation: Tensor
    coding: str = "01"

    @property
    def step(self) -> int:
        """Difference of the two values of a bit."""
        return 2 if self.coding == "pm1" else 1

    @property
    def middle(self) -> float:
        """Mean of the two values of a bit."""
        return 0.0 if self.coding == "pm1" else 0.5

    def values(self, bits: Tensor) -> Tensor:
        """Return the coding's values of bits in [0, 1], of any shape."""
        return self.step * (bits - 0.5) + self.middle

    def residual(self, x: Tensor, h: Tensor) -> Tensor:
        """Return x - m(h), shape (n, d), for rows (n, d) and codes (n, l)."""
        return x - torch.addmm(self.offset, h, self.codewords)

    def inverse_variance(self) -> Tensor:
        """Return 1 / rho^2."""
        return torch.exp(-2 * self.log_deviation)

    def constants(self) -> Tensor:
        """Return the normalisers of noise and prior, which no code changes."""
        d = len(self.offset)
        beta = self.prior
        noise = d * (self.log_deviation + 0.5 * math.log(2 * math.pi))
        if self.coding == "pm1":  # log(2 cosh beta) without overflow
            return noise + (functional.softplus(2 * beta) - beta).sum()
        return noise + functional.softplus(beta).sum()


def generative_loss(x: Tensor, h: Tensor, logits: Tensor, model: BitModel) -> Tensor:
    """Negative log of p(x, h) / q(h|x) for a code, with every normaliser.

    Args:
        x: rows, shape (n, d).
        h: codes in the model's coding, shape (n, l); numbers between the two values are allowed.
        logits: of the encoder, shape (n, l).
        model: what codes stand for.

    Returns:
        One loss for each row, shape (n,), nats. Its mean over codes drawn from the encoder is
        `expected_generative_loss`, an upper bound of -log p(x).

    Source: Dai et al. 2017, Eq. 2 and supplement Eq. 12, with the normalisers that these leave
    out: without them learning rho or beta has no optimum.
    """
    distance = model.residual(x, h).square().sum(dim=1)
    bits = (h - model.middle) / model.step + 0.5
    log_q = (bits * logits - functional.softplus(logits)).sum(dim=1)
    likely = h @ model.prior
    return 0.5 * model.inverse_variance() * distance - likely + log_q + model.constants()


def expected_generative_loss(x: Tensor, logits: Tensor, model: BitModel) -> Tensor:
    """Mean of `generative_loss` over all codes that the encoder may draw, in closed form.

    Beside the loss of the mean code stands the variance of the bits times the squared length of
    their codewords; it is what drives bits to be decided.

    Args:
        x: rows, shape (n, d).
        logits: of the encoder, shape (n, l).
        model: what codes stand for.

    Returns:
        One loss for each row, shape (n,), nats; differentiable in everything.

    Source: derived here from Dai et al. 2017, Eq. 4: mean and variance of independent coins
    through a linear decoder. The paper samples instead.
    """
    p = logits.sigmoid()
    at_mean = generative_loss(x, model.values(p), logits, model)
    variance = model.step**2 * p * (-logits).sigmoid()  # (n, l)
    spread = variance @ model.codewords.square().sum(dim=1)
    return at_mean + 0.5 * model.inverse_variance() * spread
