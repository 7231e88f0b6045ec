"""Pairs of rows that are known to be neighbours or not, and the agreement of their bits."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from ..errors import require_choice
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
