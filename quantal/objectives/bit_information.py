"""Information that hash bits carry about the rows, and that they carry about each other.

Everything takes logits, shape (n, n_bits): bit d of row n is a coin with P(1) = sigmoid(logit).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ..batch_share import WHOLE, BatchShare


def bit_conditional_entropy(logits: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Sum over bits of the entropy H(Y_d|X) given the rows, in nats.

    Args:
        logits: network output, shape (n, n_bits).
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Scalar in [0, n_bits * log 2]; 0 when every bit of every row is decided.

    Source: Hu et al. 2017, Eq. 14 with 6; the authors' imsat_hash.py.
    """
    return share.mean((functional.softplus(logits) - logits.sigmoid() * logits).sum(dim=1))


def bit_marginal_entropy(logits: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Sum over bits of the entropy H(Y_d) of a bit's mean over the batch, in nats.

    Args:
        logits: network output, shape (n, n_bits).
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Scalar in [0, n_bits * log 2]; n_bits * log 2 when every bit is 1 for half of the rows.

    Source: Hu et al. 2017, Eq. 14 with 7; the authors' imsat_hash.py.
    """
    ones, zeros = _means(logits, share)
    return -(xlogx(ones) + xlogx(zeros)).sum()


def bit_information(logits: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Sum over bits of the mutual information I(X;Y_d) of rows and bit, in nats.

    Args:
        logits: network output, shape (n, n_bits).
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Scalar in [0, n_bits * log 2]; larger is better, so trainers minimise its negative.

    Source: Hu et al. 2017, first sum of Eq. 14.
    """
    return bit_marginal_entropy(logits, share) - bit_conditional_entropy(logits, share)


def pair_information(logits: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Sum over ordered pairs of bits d != d' of their mutual information I(Y_d;Y_d'), in nats.

    Bits are independent given a row, so the joint probability of two bits is the mean over rows of
    the product of their probabilities: all pairs come from three matrix products.

    Args:
        logits: network output, shape (n, n_bits).
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Scalar >= 0 but for rounding, 0 when bits are independent; two equal balanced bits add
        2 log 2. 0 for one bit.

    Source: Hu et al. 2017, second sum of Eq. 14. Every unordered pair counts twice, as in the
    equation's index and in the authors' imsat_hash.py.
    Differs: 0 log 0 is 0; the authors add 1e-8 to both sides of the logarithm's fraction.
    """
    p = logits.sigmoid()
    with torch.no_grad():
        q = (-logits).sigmoid()  # 1 - p would lose the digits of a small q
    value: Tensor = _PairInformation.apply(p, q, share)  # type: ignore[no-untyped-call]
    return value


class _PairInformation(torch.autograd.Function):
    """The pair term with the short form of its gradient by the probabilities of 1.

    Because joint probabilities sum to the means, the derivatives of the logarithms cancel, and
    what is left of d/dp is the product of the logarithms with p and q: two products instead of
    a chain of operations on (n_bits, n_bits) matrices, which would cost several times as much.
    """

    @staticmethod
    def forward(ctx: Any, p: Tensor, q: Tensor, share: BatchShare) -> Tensor:
        n = share.size(len(p))
        parts = (p.T @ p / n, p.T @ q / n, q.T @ q / n)  # (n_bits, n_bits) each
        both, one, none = (share.added(part) for part in parts)
        joint = (both, one, none)
        ratios = log_ratios(joint, (share.mean(p), share.mean(q)))
        both, one, none = ratios
        ctx.save_for_backward(p, q, both - one.T, one - none)
        ctx.n = n
        return _weighted_sum(joint, ratios)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        p, q, with_ones, with_zeros = ctx.saved_tensors
        by_p = torch.addmm(p @ with_ones.T, q, with_zeros.T)  # (n, n_bits)
        return by_p.mul_(2 * gradient / ctx.n), None, None


Joint = tuple[Tensor, Tensor, Tensor]
"""Of two bits being 1 and 1, 1 and 0, 0 and 0; shape (n_bits, n_bits) each."""


def redundancy(joint: Joint, means: tuple[Tensor, Tensor]) -> Tensor:
    """Return the information of all ordered pairs from their joint probabilities.

    Args:
        joint: probabilities, see `Joint`.
        means: probabilities that a bit is 1 and 0, shape (n_bits,).
    """
    return _weighted_sum(joint, log_ratios(joint, means))


def log_ratios(joint: Joint, means: tuple[Tensor, Tensor]) -> Joint:
    """Return log P(a, b) - log P(a) - log P(b), with 0 on the diagonal: a bit is no pair."""
    log_1, log_0 = (_safe_log(mean) for mean in means)
    both, one, none = (_safe_log(cell) for cell in joint)
    both.sub_(log_1[:, None]).sub_(log_1).fill_diagonal_(0)
    one.sub_(log_1[:, None]).sub_(log_0).fill_diagonal_(0)
    none.sub_(log_0[:, None]).sub_(log_0).fill_diagonal_(0)
    return both, one, none


def _weighted_sum(joint: Joint, ratios: Joint) -> Tensor:
    both, one, none = (
        torch.vdot(p.flatten(), log.flatten()) for p, log in zip(joint, ratios, strict=True)
    )
    return both + 2 * one + none  # 0 and 1 is the mirror image of 1 and 0


def xlogx(values: Tensor) -> Tensor:
    """Return x log x with 0 log 0 = 0 and a finite gradient there."""
    return values * _safe_log(values)


def _safe_log(values: Tensor) -> Tensor:
    return values.clamp_min(torch.finfo(values.dtype).tiny).log()


def _means(logits: Tensor, share: BatchShare) -> tuple[Tensor, Tensor]:
    """Return the mean probabilities of 1 and of 0, shape (n_bits,) each."""
    return share.mean(logits.sigmoid()), share.mean((-logits).sigmoid())
