"""Telling, without labels, that a clustering has collapsed, and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEAD_SHARE = 0.1  # of its prior share: fewer rows than that and a cluster counts as dead
LEAST_ENTROPY = 0.75  # of the prior's entropy
UNDECIDED = 0.5  # of log k: a conditional entropy above it says that rows are not assigned
REMEDIES = {
    "low marginal entropy": "Raise balance, train longer (n_epochs), try another random_state, or "
    "give the sizes you expect as prior.",
    "dead clusters": "Ask for fewer clusters, raise balance, or try another random_state.",
    "undecided": "Train longer (n_epochs), raise trade_off, or lower the perturbation radius "
    "(alpha).",
}
"""What to do about each kind of finding where an information term is maximised."""


@dataclass(frozen=True)
class Collapse:
    """One finding: what is wrong and what to do.

    Attributes:
        kind: "dead clusters", "low marginal entropy" or "undecided".
        message: One sentence with figures, one with the remedy.
    """

    kind: str
    message: str


def diagnose(
    shares: NDArray[np.float64],
    conditional_entropy: float,
    marginal_entropy: float,
    prior: NDArray[np.float64],
    remedies: Mapping[str, str] = REMEDIES,
) -> list[Collapse]:
    """Return what is wrong with a clustering, judged on the whole data without labels.

    Args:
        shares: share of the rows assigned to each cluster, shape (k,), sums to 1.
        conditional_entropy: H(Y|X), nats.
        marginal_entropy: H(Y), nats.
        prior: expected shares, shape (k,), sums to 1.
        remedies: what to do about each kind of finding, in the words of the method's parameters.

    Returns:
        Findings, worst first; empty if nothing is wrong.
    """
    k = len(prior)
    found: list[Collapse] = []
    if k < 2:
        return found
    prior_entropy = -float(np.sum(prior * np.log(np.maximum(prior, 1e-300))))
    if marginal_entropy < LEAST_ENTROPY * prior_entropy:
        found.append(
            Collapse(
                "low marginal entropy",
                f"The clusters collapsed: the entropy of their sizes is {marginal_entropy:.2f} "
                f"nats where the prior has {prior_entropy:.2f}, and the largest holds "
                f"{100 * shares.max():.0f} % of the rows. {remedies['low marginal entropy']}",
            )
        )
    dead = np.flatnonzero(shares < DEAD_SHARE * prior)
    if len(dead):
        found.append(
            Collapse(
                "dead clusters",
                f"{len(dead)} of {k} clusters hold fewer rows than a tenth of their expected "
                f"share (clusters {_listed(dead)}). {remedies['dead clusters']}",
            )
        )
    if conditional_entropy > UNDECIDED * math.log(k):
        found.append(
            Collapse(
                "undecided",
                f"Most rows are not assigned: the mean entropy of an assignment is "
                f"{conditional_entropy:.2f} nats of at most {math.log(k):.2f}. "
                f"{remedies['undecided']}",
            )
        )
    return found


def _listed(numbers: NDArray[np.int64], most: int = 8) -> str:
    shown = ", ".join(str(number) for number in numbers[:most])
    return shown + (", ..." if len(numbers) > most else "")
