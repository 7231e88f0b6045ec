"""Mutual information I(Y;Y~) of the labels of paired rows: a row and its transformed copy."""

from __future__ import annotations

import torch
from torch import Tensor

from ..batch_share import WHOLE, BatchShare

SMALLEST = torch.finfo(torch.float64).eps  # the authors' floor under every probability


def joint_assignment(log_p: Tensor, log_q: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Mean over pairs of the outer product of two assignments, made symmetric.

    Args:
        log_p: log-probabilities of the rows, shape (..., n, k).
        log_q: log-probabilities of their copies, shape (..., n, k).
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Joint probabilities of the two labels, shape (..., k, k), symmetric; they sum to 1.

    Source: Ji, Henriques, Vedaldi 2019, Eq. 3.
    """
    joint = share.total(log_p.exp().transpose(-1, -2) @ log_q.exp())
    joint = (joint + joint.transpose(-1, -2)) / 2
    return joint / joint.sum(dim=(-1, -2), keepdim=True)


def joint_information(joint: Tensor, entropy_weight: float = 1.0) -> Tensor:
    """Mutual information of the two labels of a joint distribution, in nats.

    Args:
        joint: probabilities, shape (..., k, k), which sum to 1.
        entropy_weight: lambda; above 1 it favours clusters of equal sizes: the result is then
            I + (lambda - 1) (H(Y) + H(Y~)).

    Returns:
        Shape (...): for a weight of 1 between 0 and log k.

    Source: Ji, Henriques, Vedaldi 2019, Eq. 2 and 5; the authors' IID_losses.py for the floor of
    2.2e-16 under every probability, which keeps logarithm and gradient finite.
    """
    floored = joint.clamp(min=SMALLEST)
    row = joint.sum(dim=-1, keepdim=True).clamp(min=SMALLEST)
    column = joint.sum(dim=-2, keepdim=True).clamp(min=SMALLEST)
    gain = floored.log() - entropy_weight * (row.log() + column.log())
    return (floored * gain).sum(dim=(-1, -2))


def paired_information(
    log_p: Tensor, log_q: Tensor, entropy_weight: float = 1.0, share: BatchShare = WHOLE
) -> Tensor:
    """Mutual information I(Y;Y~) between the labels of rows and of their copies, in nats.

    A batch overestimates it: the joint has k * k entries and is estimated from n pairs.

    Args:
        log_p: log-probabilities of the rows, shape (..., n, k).
        log_q: log-probabilities of their copies, shape (..., n, k).
        entropy_weight: see `joint_information`.
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Shape (...); larger is better, so trainers minimise its negative.

    Source: Ji, Henriques, Vedaldi 2019, Eq. 1 to 5; Peng et al. 2019, Eq. 1 to 3.
    """
    return joint_information(joint_assignment(log_p, log_q, share), entropy_weight)
