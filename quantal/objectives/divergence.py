"""Kullback-Leibler divergences between assignments, and from a marginal to its prior."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from ..batch_share import WHOLE, BatchShare
from .entropy import log_marginal
from .log_softmax import log_softmax

Divergence = Callable[[Tensor, Tensor], Tensor]
"""Maps what is known of clean rows and the logits of changed ones, (n, k) each, to a scalar."""


def kl_divergence(log_p: Tensor, log_q: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Mean over rows of KL[p || q], in nats.

    Args:
        log_p: log-probabilities, shape (n, k). Detach it where p is a target: a gradient through
            the clean branch makes the trivial solution attractive.
        log_q: log-probabilities, shape (n, k).
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Scalar >= 0, 0 when the rows agree.

    Source: Hu et al. 2017, Eq. 3 less the constant entropy of the target.
    """
    return share.mean((log_p.exp() * (log_p - log_q)).sum(dim=1))


def label_divergence(log_p: Tensor, logits: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Mean over rows of KL[p || softmax(logits)], in nats: how much labels have changed.

    Args:
        log_p: log-probabilities of the clean rows, shape (n, k); detach it.
        logits: network output for the changed rows, shape (n, k).
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Scalar >= 0.

    Source: Hu et al. 2017, Eq. 3; see `kl_divergence`.
    """
    return kl_divergence(log_p, log_softmax(logits), share)


def bit_divergence(clean_logits: Tensor, logits: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Sum over bits, mean over rows, of KL[p || q] of independent bits, in nats.

    Args:
        clean_logits: logits of p, shape (n, n_bits); detach it where p is a target.
        logits: logits of q, shape (n, n_bits).
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Scalar >= 0, 0 when the rows agree. Its gradient by ``logits`` is (q - p) / n, also where
        a probability is exactly 0 or 1 in float32.

    Source: Hu et al. 2017, Eq. 3 with the bits of Section 3.4; the authors' imsat_hash.py.
    Differs: written as softplus(b) - softplus(a) - p (b - a), so that no logarithm needs the
    authors' 1e-8.
    """
    p = clean_logits.sigmoid()
    gain = functional.softplus(logits) - functional.softplus(clean_logits)
    return share.mean((gain - p * (logits - clean_logits)).sum(dim=1))


def prior_divergence(log_p: Tensor, log_prior: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Divergence KL[p(y) || q(y)] of a batch's mean assignment from a prior, in nats.

    Args:
        log_p: log-probabilities, shape (n, k).
        log_prior: logarithm of the prior q, shape (k,).
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Scalar >= 0. For a uniform prior it equals log k - H(Y).

    Source: Hu et al. 2017, Eq. 10. A batch overestimates the full-data value (appendix C,
    Eq. 20): by about (k - 1) / (2 n) for confident assignments.
    """
    log_mean = log_marginal(log_p, share)  # (k,)
    return (log_mean.exp() * (log_mean - log_prior)).sum()
