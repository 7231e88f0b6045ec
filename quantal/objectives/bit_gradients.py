"""Gradients of the generative loss through bits, which have none of their own.

With b(z) a bit that is set with probability sigmoid(z), the derivative of E[loss] by the logit z is
E[loss(set) - loss(unset)] * sigmoid'(z), the mean over the other bits. The estimators differ in
what they put for the bracket.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..batch_share import WHOLE, BatchShare
from ..errors import ParameterError, require_choice
from .generative_hashing import BitModel, expected_generative_loss, generative_loss
from .scaled_generative import Scales, scaled_code_loss, scaled_generative_loss

ESTIMATORS = (
    "straight_through_sampled",
    "straight_through_hard",
    "finite_difference",
    "analytic",
)


def draw_bits(
    logits: Tensor, generator: torch.Generator | None, share: BatchShare = WHOLE
) -> Tensor:
    """Return bits of 0 and 1 without gradient: drawn, or the likelier ones.

    Args:
        logits: shape (n, l).
        generator: source of the draw, on any device; None: set where the logit is above 0.
        share: where the rows lie that the batch has beside these: bits are drawn for all, so that
            a row's do not depend on who computes it.

    Returns:
        Shape (n, l), dtype of ``logits``; a logit of 0 is unset where nothing is drawn.
    """
    if generator is None:
        return (logits > 0).to(logits.dtype)
    form = (share.size(len(logits)), *logits.shape[1:])
    drawn = torch.rand(form, generator=generator, dtype=torch.float32, device=generator.device)
    uniform = share.mine(drawn)
    return (logits.detach().sigmoid() > uniform.to(logits.device)).to(logits.dtype)


def logit_gradient(
    x: Tensor,
    h: Tensor,
    logits: Tensor,
    model: BitModel,
    *,
    exact: bool,
    scales: Scales | None = None,
) -> Tensor:
    """Estimate the derivative of `expected_generative_loss` by the logits from one code.

    ``exact`` takes the difference of the losses with the bit set and unset, which for a quadratic
    loss is the derivative half-way between the two values of the bit. Its mean over drawn codes is
    the derivative; at the mean code ``model.values(sigmoid(logits))`` it is the derivative itself.
    Otherwise the derivative is taken at the bit as it was drawn, as the paper does, and is off by
    ``(2 p - 1) |u_k|^2 / (2 rho^2) * p (1 - p)`` on average (four times that for "pm1" at equal
    codewords), p = sigmoid(logit): it leaves out what drives bits to be decided.

    Args:
        x: rows, shape (n, d).
        h: codes in the model's coding, shape (n, l).
        logits: of the encoder, shape (n, l).
        model: what codes stand for.
        exact: see above.
        scales: of the codewords in each row, over which the mean is taken: u_k then counts E[z_k]
            times and |u_k|^2 counts E[z_k^2] times. None: all are 1.

    Returns:
        Shape (n, l).

    Source: Dai et al. 2017, Lemma 3 with Eq. 7 (``exact=False``; supplement Eq. 14 for "pm1"), and
    the finite difference of the later version of the same lemma (``exact=True``).
    Differs: the derivative of log q by the logits themselves has mean 0 and is left out.
    """
    scale = model.inverse_variance()
    lengths = model.codewords.square().sum(dim=1)
    if scales is None:
        pull, curvature = -(model.residual(x, h) @ model.codewords.T), lengths
    else:
        mean, square = scales.moments()
        pull = -mean * (model.residual(x, h * mean) @ model.codewords.T)
        pull = pull + h * scales.variance() * lengths
        curvature = square * lengths
    slope = scale * pull - model.prior + logits / model.step
    if exact:
        slope = slope + scale * (model.middle - h) * curvature
    return model.step * slope * logits.sigmoid() * (-logits).sigmoid()


def surrogate_loss(
    x: Tensor,
    logits: Tensor,
    model: BitModel,
    estimator: str,
    generator: torch.Generator | None = None,
    *,
    scales: Scales | None = None,
    prior_deviation: float = 0.5,
    share: BatchShare = WHOLE,
) -> Tensor:
    """Generative loss of each row, whose backward pass is the named gradient estimator.

    Args:
        x: rows, shape (n, d).
        logits: of the encoder, shape (n, l).
        model: what codes stand for; its tensors get the gradient at the code that was taken.
        estimator: "straight_through_sampled" (derivative at drawn bits: the paper),
            "straight_through_hard" (at the likelier bits: the released code), "finite_difference"
            (difference of the loss in one bit at drawn bits: unbiased) or "analytic" (closed form:
            no variance).
        generator: source of the drawn bits; the other two estimators do not touch it.
        scales: of the codewords in each row, see `scaled_generative_loss`; the mean over them is
            always in closed form. None: there are none.
        prior_deviation: of the logarithm of a scale under its prior.
        share: as for `draw_bits`.

    Returns:
        Shape (n,), nats: the closed form for "analytic", else the loss of the code that was taken.

    Raises:
        ParameterError: Unknown estimator, or one that draws without a generator.

    Source: Dai et al. 2017, Algorithm 1 and Section 3; see `logit_gradient`.
    """
    require_choice("estimator", estimator, ESTIMATORS)
    if estimator == "analytic":
        if scales is None:
            return expected_generative_loss(x, logits, model)
        return scaled_generative_loss(x, logits, scales, model, prior_deviation=prior_deviation)
    draws = estimator != "straight_through_hard"
    if draws and generator is None:
        raise ParameterError(
            f"The estimator {estimator} draws bits and needs a generator, got None. Pass a "
            "torch.Generator."
        )
    fixed = logits.detach()
    h = model.values(draw_bits(fixed, generator if draws else None, share))
    with torch.no_grad():
        exact = estimator == "finite_difference"
        gradient = logit_gradient(x, h, fixed, model, exact=exact, scales=scales)
    if scales is None:
        value = generative_loss(x, h, fixed, model)
    else:
        value = scaled_code_loss(x, h, fixed, scales, model, prior_deviation=prior_deviation)
    return value + (gradient * (logits - fixed)).sum(dim=1)  # adds 0, and the gradient


def straight_through(logits: Tensor, bits: Tensor) -> Tensor:
    """Return ``bits`` with the gradient of sigmoid(logits): a neuron for any decoder.

    With drawn bits and a linear decoder a loss of the result has the gradient of
    "straight_through_sampled"; a decoder that is a network needs nothing more.

    Args:
        logits: shape (n, l).
        bits: 0 and 1, shape (n, l), as `draw_bits` gives them.

    Source: Dai et al. 2017, Eq. 7; Bengio, Leonard, Courville 2013 for the name.
    """
    p = logits.sigmoid()
    return bits + (p - p.detach())


def one_bit_differences(loss: Callable[[Tensor], Tensor], bits: Tensor) -> Tensor:
    """Return how much each bit changes a loss when it is set instead of unset.

    Times p (1 - p), with bits drawn, it is an unbiased gradient by the logits for any decoder, at
    the price of 2 l calls of ``loss``.

    Args:
        loss: (n, l) bits of 0 and 1 -> (n,).
        bits: the codes, shape (n, l).

    Returns:
        loss(bit k set) - loss(bit k unset), shape (n, l), without gradient.

    Source: Dai et al. 2017, the later supplement's Lemma 3.
    """
    out = torch.empty_like(bits)
    with torch.no_grad():
        for k in range(bits.shape[1]):
            flipped = bits.clone()
            flipped[:, k] = 1
            above = loss(flipped)
            flipped[:, k] = 0
            out[:, k] = above - loss(flipped)
    return out
