"""Kullback-Leibler divergences between assignments, and from a marginal to its prior."""

from __future__ import annotations

from torch import Tensor

from .entropy import log_marginal


def kl_divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Mean over rows of KL[p || q], in nats.

    Args:
        log_p: log-probabilities, shape (n, k). Detach it where p is a target: a gradient through
            the clean branch makes the trivial solution attractive.
        log_q: log-probabilities, shape (n, k).

    Returns:
        Scalar >= 0, 0 when the rows agree.

    Source: Hu et al. 2017, Eq. 3 less the constant entropy of the target.
    """
    return (log_p.exp() * (log_p - log_q)).sum(dim=1).mean()


def prior_divergence(log_p: Tensor, log_prior: Tensor) -> Tensor:
    """Divergence KL[p(y) || q(y)] of a batch's mean assignment from a prior, in nats.

    Args:
        log_p: log-probabilities, shape (n, k).
        log_prior: logarithm of the prior q, shape (k,).

    Returns:
        Scalar >= 0. For a uniform prior it equals log k - H(Y).

    Source: Hu et al. 2017, Eq. 10. A batch overestimates the full-data value (appendix C,
    Eq. 20): by about (k - 1) / (2 n) for confident assignments.
    """
    log_mean = log_marginal(log_p)  # (k,)
    return (log_mean.exp() * (log_mean - log_prior)).sum()
