"""Deep embedded clustering: soft assignments by Student's t, drawn towards a sharper target.

Everything is in logarithms: a row far from every centre but one has assignments that underflow,
while their logarithms are finite.
"""

from __future__ import annotations

from torch import Tensor

from .divergence import kl_divergence


def student_assignment(codes: Tensor, centers: Tensor, degrees: float = 1.0) -> Tensor:
    """Logarithm of the soft assignment of codes to centres by Student's t-distribution.

    Args:
        codes: embedded rows z, shape (n, m).
        centers: cluster centres mu, shape (k, m).
        degrees: degrees of freedom (alpha), > 0; fewer have heavier tails, so that far rows are
            assigned less decidedly.

    Returns:
        log q, shape (n, k), rows normalised: ``q_ij`` is proportional to
        ``(1 + |z_i - mu_j|^2 / alpha)^(-(alpha + 1) / 2)``.

    Source: Xie, Girshick, Farhadi 2016, Eq. 1; van der Maaten and Hinton 2008.
    """
    # Differences, not |z|^2 - 2 z mu + |mu|^2, which loses what is small beside the norms.
    squares = (codes[:, None] - centers).square().sum(dim=2)  # (n, k)
    return (-(degrees + 1) / 2 * (squares / degrees).log1p()).log_softmax(dim=1)


def sharpened_target(log_q: Tensor, log_sizes: Tensor | None = None) -> Tensor:
    """Logarithm of the target: assignments squared, and divided by the size of their cluster.

    Squaring favours what is already confident; dividing keeps large clusters from growing.

    Args:
        log_q: logarithm of assignments, shape (n, k).
        log_sizes: logarithm of the soft sizes ``sum_i q_ij`` of all rows, shape (k,); None: of
            these.

    Returns:
        log p, shape (n, k), rows normalised, detached: ``p_ij`` is proportional to
        ``q_ij^2 / sum_i q_ij``.

    Source: Xie, Girshick, Farhadi 2016, Eq. 3.
    """
    log_q = log_q.detach()
    sizes = log_q.logsumexp(dim=0) if log_sizes is None else log_sizes
    return (2 * log_q - sizes).log_softmax(dim=1)


def embedded_clustering_loss(
    codes: Tensor, centers: Tensor, log_p: Tensor, degrees: float = 1.0
) -> Tensor:
    """Divergence KL[p || q] of the assignments from their target, mean over rows, in nats.

    Args:
        codes: embedded rows, shape (n, m).
        centers: cluster centres, shape (k, m).
        log_p: logarithm of the target of these rows, shape (n, k); see `sharpened_target`.
        degrees: of `student_assignment`.

    Returns:
        Scalar >= 0. Its gradient by a code is ``(alpha + 1) / (alpha n) sum_j (p_ij - q_ij)
        (z_i - mu_j) / (1 + |z_i - mu_j|^2 / alpha)``, and by the centres minus the same sums over
        the rows.

    Source: Xie, Girshick, Farhadi 2016, Eq. 2, 4 and 5.
    Differs: the mean over the rows of a batch, where Eq. 2 has the sum over all.
    """
    return kl_divergence(log_p, student_assignment(codes, centers, degrees))
