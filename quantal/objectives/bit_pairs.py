"""Pairs of rows that are known to be neighbours or not, and the agreement of their bits."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..batch_share import WHOLE, BatchShare
from ..errors import require_choice
from .bit_gradients import ESTIMATORS, draw_bits
from .generative_hashing import CODINGS


def pair_loss(
    first: Tensor, second: Tensor, alike: Tensor, *, slope: Tensor | float, offset: Tensor | float
) -> Tensor:
    """Minus the logarithm of p(alike) = sigmoid(slope * h^T h' - offset) for pairs of codes.

    Codes of 0 and 1 never agree less than not at all: without an offset every pair has
    p(alike) >= 1/2, and pairs that are not alike cannot be fitted. Take -1 and 1, or an offset.

    Args:
        first: codes h, shape (m, l).
        second: codes h', shape (m, l).
        alike: 1 where the rows are neighbours and 0 where not, shape (m,).
        slope: how strongly agreement counts, > 0; the paper's 1 saturates long codes of -1 and 1.
        offset: agreement, times the slope, at which both answers are equally likely.

    Returns:
        One loss for each pair, shape (m,), nats.

    Source: Dai et al. 2017, supplement D.2.
    Differs: slope and offset; the paper has 1 and 0.
    """
    agreement = slope * (first * second).sum(dim=1) - offset
    return functional.softplus(agreement) - alike * agreement


def pair_differences(
    first: Tensor,
    second: Tensor,
    alike: Tensor,
    *,
    slope: Tensor | float,
    offset: Tensor | float,
    coding: str,
) -> Tensor:
    """Return how much each bit of the first codes changes `pair_loss` when set instead of unset.

    Times p (1 - p), with both codes drawn, it is an unbiased gradient by the logits of the first
    codes. All bits cost one pass, because a bit adds to the agreement.

    Args:
        first: codes in the coding, shape (m, l).
        second: shape (m, l).
        alike: shape (m,).
        slope: as for `pair_loss`.
        offset: as for `pair_loss`.
        coding: "01" or "pm1".

    Returns:
        Loss with the bit set less the loss with it unset, shape (m, l).

    Raises:
        ParameterError: Unknown coding.

    Source: derived here for Dai et al. 2017, supplement D.2, in the manner of their Lemma 3.
    """
    require_choice("coding", coding, CODINGS)
    low = 0.0 if coding == "01" else -1.0
    products = slope * second  # what a bit of value 1 adds
    others = slope * (first * second).sum(dim=1, keepdim=True) - offset - first * products
    above, below = others + products, others + low * products
    differences = functional.softplus(above) - functional.softplus(below)
    return differences - alike[:, None] * (above - below)


def expected_pair_loss(
    first: Tensor,
    second: Tensor,
    alike: Tensor,
    *,
    slope: Tensor | float,
    offset: Tensor | float,
    coding: str,
) -> Tensor:
    """Mean of `pair_loss` over all codes that the encoder may draw for both rows, exactly.

    Bits are independent, so h^T h' is a count of independent coins: of bits that both set ("01"),
    or of bits that agree ("pm1"). Its l + 1 probabilities are summed up bit by bit instead of over
    4^l pairs of codes; that takes about l^2 numbers a pair.

    Args:
        first: logits of the first rows, shape (m, l).
        second: logits of the second rows, shape (m, l).
        alike: as for `pair_loss`.
        slope: as for `pair_loss`.
        offset: as for `pair_loss`.
        coding: "01" or "pm1".

    Returns:
        One loss for each pair, shape (m,), nats; differentiable in everything.

    Raises:
        ParameterError: Unknown coding.

    Source: derived here for Dai et al. 2017, supplement D.2. The paper samples instead.
    """
    require_choice("coding", coding, CODINGS)
    p, q = first.sigmoid(), second.sigmoid()
    both = p * q
    matches = both if coding == "01" else both + (-first).sigmoid() * (-second).sigmoid()
    n_bits = first.shape[1]
    chances = torch.ones_like(p[:, :1])
    for k in range(n_bits):
        match = matches[:, k : k + 1]
        chances = functional.pad(chances * (1 - match), (0, 1)) + functional.pad(
            chances * match, (1, 0)
        )
    counts = torch.arange(n_bits + 1, dtype=p.dtype, device=p.device)
    products = counts if coding == "01" else 2 * counts - n_bits
    agreement = slope * products - offset
    return chances @ functional.softplus(agreement) - alike * (chances @ agreement)


def pair_surrogate(
    first: Tensor,
    second: Tensor,
    alike: Tensor,
    estimator: str,
    generator: torch.Generator | None = None,
    *,
    slope: Tensor | float,
    offset: Tensor | float,
    coding: str,
    share: BatchShare = WHOLE,
) -> Tensor:
    """Loss of each pair, whose backward pass is the named gradient estimator.

    Args:
        first: logits of the first rows, shape (m, l).
        second: logits of the second rows, shape (m, l).
        alike: as for `pair_loss`.
        estimator: as for `surrogate_loss`.
        generator: source of the drawn bits of the estimators that draw.
        slope: as for `pair_loss`.
        offset: as for `pair_loss`.
        coding: "01" or "pm1".
        share: as for `draw_bits`.

    Returns:
        Shape (m,), nats: `expected_pair_loss` for "analytic", else `pair_loss` of the codes that
        were taken.

    Raises:
        ParameterError: Unknown estimator or coding.

    Source: Dai et al. 2017, supplement D.2, with the gradients of their Lemma 3.
    """
    require_choice("estimator", estimator, ESTIMATORS)
    setting = {"slope": slope, "offset": offset}
    if estimator == "analytic":
        return expected_pair_loss(first, second, alike, **setting, coding=coding)
    require_choice("coding", coding, CODINGS)
    step, low = (1, 0.0) if coding == "01" else (2, -1.0)
    source = None if estimator == "straight_through_hard" else generator
    h, other = (
        low + step * draw_bits(logits.detach(), source, share) for logits in (first, second)
    )
    with torch.no_grad():
        if estimator == "finite_difference":
            changes = [
                pair_differences(a, b, alike, **setting, coding=coding)
                for a, b in ((h, other), (other, h))
            ]
        else:
            agreement = slope * (h * other).sum(dim=1) - offset
            pull = step * slope * (agreement.sigmoid() - alike)[:, None]
            changes = [pull * other, pull * h]
    value = pair_loss(h, other, alike, **setting)
    for logits, change in zip((first, second), changes, strict=True):
        weight = (change * logits.sigmoid() * (-logits).sigmoid()).detach()
        value = value + (weight * (logits - logits.detach())).sum(dim=1)  # adds 0
    return value
