"""The information term of RIM and IMSAT: confident rows, clusters of the expected sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..batch_share import WHOLE, BatchShare
from ..errors import ParameterError
from ..objectives import conditional_entropy, marginal_entropy, prior_divergence


def prior_vector(prior: Any, n_clusters: int) -> NDArray[np.float64]:
    """Return the expected share of each cluster, shape (n_clusters,).

    Args:
        prior: "uniform", None (no expectation; entropies are compared with the uniform) or
            positive shares that sum to 1.
        n_clusters: number of clusters.

    Raises:
        ParameterError: Not of that form.
    """
    if prior is None or (isinstance(prior, str) and prior == "uniform"):
        return np.full(n_clusters, 1 / n_clusters)
    try:
        shares = np.asarray(prior, dtype=np.float64)
    except (TypeError, ValueError):
        shares = np.empty(0)
    sums_to_one = shares.ndim == 1 and abs(shares.sum() - 1) <= 1e-3
    if shares.shape != (n_clusters,) or not sums_to_one or not (shares > 0).all():
        raise ParameterError(
            f"prior must be 'uniform', None or {n_clusters} positive shares that sum to 1, "
            f"got {prior!r}."
        )
    normalised: NDArray[np.float64] = shares / shares.sum()
    return normalised


@dataclass(frozen=True, eq=False)
class InformationTerm:
    """``H(Y|X) + balance * max(KL[p(y) || q(y)] - slack, 0)`` with its parts by name.

    For a uniform prior and no slack the second part is ``balance * (log k - H(Y))``: the authors'
    ``H(Y|X) - mu * H(Y)`` up to a constant. Without a prior, balance is 1 and the sum is
    ``log k - I(X;Y)``.

    Attributes:
        log_prior: Logarithm of q, shape (k,).
        balance: Weight of the divergence, mu / lambda in Eq. 19.
        slack: Divergence that costs nothing, delta in Eq. 19; None for no hinge.

    Source: Hu et al. 2017, Eq. 10 and 19.
    """

    log_prior: Tensor
    balance: float
    slack: float | None

    def __call__(
        self, log_p: Tensor, share: BatchShare = WHOLE
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the value for log-probabilities, shape (n, k), and the named parts."""
        conditional = conditional_entropy(log_p, share)
        divergence = prior_divergence(log_p, self.log_prior, share)
        cost = divergence if self.slack is None else torch.relu(divergence - self.slack)
        parts = {
            "conditional_entropy": conditional.detach(),
            "marginal_entropy": marginal_entropy(log_p.detach(), share),
        }
        return conditional + self.balance * cost, parts


def information_term(
    prior: Any, n_clusters: int, balance: float, slack: float | None, device: torch.device
) -> InformationTerm:
    """Return the term for the ``prior`` parameter of an estimator; without one, balance is 1."""
    shares = prior_vector(prior, n_clusters)
    log_prior = torch.from_numpy(np.log(shares).astype(np.float32)).to(device)
    return InformationTerm(log_prior, 1.0 if prior is None else balance, slack)
