"""Entropies of soft assignments and the mutual information of inputs and labels.

Everything takes log-probabilities (of `log_softmax`): a saturated softmax holds exact
zeros, whose logarithm has no finite gradient, while log-probabilities are always finite.
"""

from __future__ import annotations

from torch import Tensor

from ..batch_share import WHOLE, BatchShare


def log_marginal(log_p: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Return the logarithm of the mean assignment, shape (k,), of ``log_p``, shape (n, k)."""
    return share.log_mean_exp(log_p)


def conditional_entropy(log_p: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Entropy H(Y|X) of the labels given the inputs, in nats.

    Args:
        log_p: log-probabilities, shape (n, k); rows are normalised.
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Scalar in [0, log k]; 0 when every row is one-hot.

    Source: Hu et al. 2017, Eq. 6 and the expression after Eq. 8.
    """
    return -share.mean((log_p.exp() * log_p).sum(dim=1))


def marginal_entropy(log_p: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Entropy H(Y) of the mean assignment of a batch, in nats.

    Args:
        log_p: log-probabilities, shape (n, k).
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Scalar in [0, log k]; log k when the clusters are used equally.

    Source: Hu et al. 2017, Eq. 7 with the mini-batch marginal of appendix C.
    """
    log_mean = log_marginal(log_p, share)  # (k,)
    return -(log_mean.exp() * log_mean).sum()


def mutual_information(log_p: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Mutual information I(X;Y) = H(Y) - H(Y|X) of inputs and labels, in nats.

    Args:
        log_p: log-probabilities, shape (n, k).
        share: where the rows lie that the batch has beside these; see `quantal.batch_share`.

    Returns:
        Scalar in [0, log k]; larger is better, so trainers minimise its negative.

    Source: Hu et al. 2017, Eq. 1 and 6 (after Bridle et al. 1991; Krause et al. 2010).
    """
    return marginal_entropy(log_p, share) - conditional_entropy(log_p, share)
