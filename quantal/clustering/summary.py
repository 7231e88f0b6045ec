"""The figures of a finished fit, judged on all rows and without labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..objectives import conditional_entropy, marginal_entropy, prior_divergence
from ..training import Collapse, diagnose
from ..training.collapse import REMEDIES


@dataclass(frozen=True, eq=False)
class FitSummary:
    """What a fit came to.

    Attributes:
        sizes: Rows in each cluster, shape (k,), int64.
        conditional_entropy: H(Y|X), nats.
        marginal_entropy: H(Y), nats.
        divergence: KL[p(y) || prior] of all rows, nats.
        prior_entropy: Entropy of the prior, nats.
        collapse: What the diagnosis found.
    """

    sizes: NDArray[np.int64]
    conditional_entropy: float
    marginal_entropy: float
    divergence: float
    prior_entropy: float
    collapse: list[Collapse]

    def unsatisfied_prior(self, tolerance: float, balance: float) -> list[Collapse]:
        """Return a finding if the sizes are further from the prior than the tolerance allows.

        Args:
            tolerance: allowed divergence as a share of the prior's entropy.
            balance: the largest balance that was tried; for the message.
        """
        allowed = tolerance * self.prior_entropy
        if self.divergence <= allowed:
            return []
        message = (
            f"The clusters' sizes stay {self.divergence:.3g} nats from the prior, where "
            f"prior_tolerance allows {allowed:.3g}, up to balance {balance:g}. Raise "
            "prior_tolerance, or give a prior nearer to the data's."
        )
        return [Collapse("prior not satisfied", message)]


def summarise(
    log_p: NDArray[np.float32],
    prior: NDArray[np.float64],
    remedies: Mapping[str, str] = REMEDIES,
) -> FitSummary:
    """Return the figures for log-probabilities of all rows, shape (n, k)."""
    tensor = torch.from_numpy(log_p)
    sizes = np.bincount(log_p.argmax(axis=1), minlength=len(prior))
    conditional = float(conditional_entropy(tensor))
    marginal = float(marginal_entropy(tensor))
    log_prior = torch.from_numpy(np.log(prior)).float()
    return FitSummary(
        sizes=sizes,
        conditional_entropy=conditional,
        marginal_entropy=marginal,
        divergence=float(prior_divergence(tensor, log_prior)),
        prior_entropy=-float(np.sum(prior * np.log(prior))),
        collapse=diagnose(sizes / len(log_p), conditional, marginal, prior, remedies),
    )
