"""What is wrong with a fitted model or with how it divides rows, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..clustering.autoencoder_clusterer import REMEDIES as AUTOENCODER_REMEDIES
from ..clustering.autoencoder_clusterer import AutoencoderClusterer
from ..clustering.balance import prior_vector
from ..clustering.summary import FitSummary
from ..errors import ParameterError
from ..hashing.bit_figures import BitFigures, constant_bits
from ..hashing.network_hasher import NetworkHasher
from ..training import Collapse, diagnose
from .assignment import PROBABILITY, Assignment, entropy_of

REMEDIES = {
    "low marginal entropy": "Ask for fewer clusters, scale the columns alike before the fit, or "
    "choose a method that asks for even sizes: imsat, rim.",
    "dead clusters": "Ask for fewer clusters, or look at their members: they may be outliers.",
    "undecided": "Ask for fewer clusters.",
}
"""What to do where a method has no parameter that concerns the sizes."""
_VARY = "or scale the columns alike and fit on rows that vary in more directions"


def expected_shares(model: Any, k: int) -> tuple[NDArray[np.float64], bool]:
    """Return the expected share of each cluster, and whether the model was told so.

    Args:
        model: a fitted clusterer.
        k: its clusters.

    Returns:
        (k,) shares; even ones where the method has no prior, which nobody expected then.
    """
    prior = getattr(model, "prior", None)
    try:
        return prior_vector(prior, k), prior is not None
    except ParameterError:  # JULE may find another number of clusters than it was asked for
        return np.full(k, 1 / k), False


def cluster_findings(model: Any, found: Assignment | None) -> list[Collapse]:
    """Return what is wrong with a clustering, worst first.

    Args:
        model: a fitted clusterer.
        found: how it divides the rows of a report; None to judge by what the fit left.
    """
    if found is None:
        return _findings_of_fit(model)
    sizes, marginal = found.sizes, entropy_of(found.marginal)
    findings = _diagnosed(model, sizes / sizes.sum(), found.conditional_entropy, marginal)
    tolerance = getattr(model, "prior_tolerance", None)
    if tolerance is None:
        return findings
    prior = expected_shares(model, len(sizes))[0]
    figures = FitSummary(
        sizes,
        found.conditional_entropy,
        marginal,
        _divergence(found.marginal, prior),
        entropy_of(prior),
        [],
    )
    return findings + figures.unsatisfied_prior(tolerance, float(getattr(model, "balance_", 1.0)))


def _findings_of_fit(model: Any) -> list[Collapse]:
    if not hasattr(model, "cluster_sizes_"):
        return []
    shares = np.asarray(model.cluster_sizes_) / max(1, int(np.sum(model.cluster_sizes_)))
    conditional = float(getattr(model, "conditional_entropy_", 0.0))
    marginal = float(getattr(model, "marginal_entropy_", entropy_of(shares)))
    return _diagnosed(model, shares, conditional, marginal)


def _diagnosed(
    model: Any, shares: NDArray[np.float64], conditional: float, marginal: float
) -> list[Collapse]:
    prior = expected_shares(model, len(shares))[0]
    return diagnose(shares, conditional, marginal, prior, _remedies(model))


def _divergence(shares: NDArray[np.float64], prior: NDArray[np.float64]) -> float:
    live = shares > 0
    return float((shares[live] * np.log(shares[live] / prior[live])).sum())


def _remedies(model: Any) -> Mapping[str, str]:
    if hasattr(model, "_remedies"):
        remedies: Mapping[str, str] = model._remedies()
        return remedies
    return AUTOENCODER_REMEDIES if isinstance(model, AutoencoderClusterer) else REMEDIES


def bit_findings(
    model: Any, shares: NDArray[np.float64], repeated: Sequence[int] = ()
) -> list[Collapse]:
    """Return what is wrong with the bits of a hasher, worst first.

    Args:
        model: a fitted hasher.
        shares: share of the rows for which each bit is 1, shape (n_bits,).
        repeated: numbers of the bits that an earlier one repeats.
    """
    found = _bits_used(model, shares)
    if repeated:
        listed = ", ".join(map(str, repeated[:8])) + (", ..." if len(repeated) > 8 else "")
        message = (
            f"{len(repeated)} of {len(shares)} bits repeat an earlier bit or its opposite (bits "
            f"{listed}), so codes say less than their length promises. Ask for fewer bits, {_VARY}."
        )
        found.append(Collapse("repeated bits", message))
    return found


def _bits_used(model: Any, shares: NDArray[np.float64]) -> list[Collapse]:
    if not isinstance(model, NetworkHasher):
        return constant_bits(shares, _VARY)
    names = ("conditional_entropy_", "marginal_entropy_", "redundancy_")
    figures = BitFigures(shares, *(float(getattr(model, name, 0.0)) for name in names))
    found: list[Collapse] = model._diagnose(figures)
    return found


def doubtful_share(found: Assignment) -> float:
    """Return the share of rows that might as well be in another cluster.

    A probability below one half, or a separation below zero: the mean of another cluster is nearer.
    """
    limit = 0.5 if found.measure == PROBABILITY else 0.0
    return float((found.certainty < limit).mean())
