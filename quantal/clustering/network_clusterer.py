"""What clusterers with a network share: the information term, the order of clusters, figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from torch import Tensor

from ..errors import DataError
from ..estimators import NetworkEstimator
from ..estimators.input_rows import len_of
from ..networks import MLP
from ..objectives import label_divergence, log_softmax
from ..training.attempts import Outcome, load_outcome
from ..training.collapse import REMEDIES
from ..training.rows import Rows
from .balance import InformationTerm, information_term, prior_vector
from .cluster_folder import ClusterFolder
from .cluster_order import by_size
from .parameters import require_shared_parameters
from .prediction import NetworkPrediction, log_probabilities
from .summary import summarise
from .warm_start import start_at_kmeans, starts_at_kmeans

MAX_RUNGS = 16
STEPS_PER_CLUSTER = 50


class NetworkClusterer(
    NetworkPrediction,
    ClusterFolder,
    NetworkEstimator,
    ClusterMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Base of RIM and IMSAT; see those. Subclasses hold the parameters and build the step."""

    _divergence = staticmethod(label_divergence)

    # The subclasses' constructors store these; annotated here for the shared code.
    balance: float
    prior: Any
    prior_tolerance: float | None
    init: str

    def _require_parameters(self) -> None:
        require_shared_parameters(self)

    def _require_enough_rows(self, x: Any) -> None:
        if len_of(x) < self.n_clusters:
            raise DataError(
                f"X has n_samples={len_of(x)} rows, fewer than n_clusters={self.n_clusters}. "
                "Ask for fewer clusters, or pass more rows."
            )

    def _least_steps(self) -> int:
        return STEPS_PER_CLUSTER * self.n_clusters

    def _prediction(self, logits: Tensor) -> Tensor:
        return log_softmax(logits)

    def _information(self, balance: float, slack: float | None) -> InformationTerm:
        return information_term(self.prior, self.n_clusters, balance, slack, self._device)

    def _n_rungs(self) -> int:
        return 1 if self.prior_tolerance is None else MAX_RUNGS

    def _epoch_note(self, history: dict[str, list[float]]) -> str:
        # exp I(X;Y) is 1 where clusters collapsed, and where no row is assigned; k at best. The
        # diagnosis of all rows comes after the fit only.
        information = history["marginal_entropy"][-1] - history["conditional_entropy"][-1]
        return f"{math.exp(information):.1f} clusters"

    def _stage(self, rung: int | None) -> InformationTerm:
        """Return the information term of a rung of the penalty ladder (Eq. 19, appendix B)."""
        if self.prior_tolerance is None:
            return self._information(self.balance, None)
        prior = prior_vector(self.prior, self.n_clusters)
        slack = self.prior_tolerance * -float(np.sum(prior * np.log(prior)))
        if rung is None:  # a pass of partial_fit does not climb: it goes on where a fit stopped
            return self._information(getattr(self, "balance_", self.balance), slack)
        return self._information(1.0 if rung == 0 else 2.0 * rung, slack)  # 1, 2, 4, 6, ...

    def _start(self, network: MLP, rows: Rows, seed: int, restart: int, n_restarts: int) -> None:
        if starts_at_kmeans(self.init, restart, n_restarts):
            shares = prior_vector(self.prior, self.n_clusters)
            start_at_kmeans(network, rows, shares, self.learning_rate, seed)

    def _information_value(self, network: MLP, rows: Rows) -> float:
        """Return minus the mutual information, up to a constant.

        A restart is chosen with balance 1, whatever it was trained with: a higher one helps
        training out of merged clusters, but would prefer undecided rows to unequal clusters.
        """
        log_p = torch.from_numpy(log_probabilities(network, rows)).to(self._device)
        information, _ = self._information(1.0, None)(log_p)
        return float(information)

    def _accept(self, rows: Rows, seed: int, best: Outcome) -> bool:
        if self.prior_tolerance is None:
            return True
        network = self._new_network(seed, best.number)
        load_outcome(network, best)
        figures = summarise(
            log_probabilities(network, rows), prior_vector(self.prior, self.n_clusters)
        )
        return not figures.unsatisfied_prior(self.prior_tolerance, 0.0)

    def _conclude(self, rows: Rows) -> None:
        self.balance_ = self._stage(self._kept_rung).balance
        self._order_clusters(log_probabilities(self.network_, rows))
        log_p = log_probabilities(self.network_, rows)
        self.labels_ = log_p.argmax(axis=1)
        self._describe(log_p)

    def _conclude_pass(self, rows: Rows) -> None:
        self.balance_ = self._stage(None).balance
        log_p = log_probabilities(self.network_, rows)
        self.labels_ = log_p.argmax(axis=1)
        self._describe(log_p)

    def _remedies(self) -> Mapping[str, str]:
        """Return what to do about each kind of collapse."""
        return REMEDIES

    def _order_clusters(self, log_p: NDArray[np.float32]) -> None:
        """Number the clusters by size, largest first, unless the prior gives them identities."""
        if self.prior is not None and not isinstance(self.prior, str):
            return
        _, found = by_size(log_p.argmax(axis=1), self.n_clusters)
        order = torch.from_numpy(found).to(self._device)
        with torch.no_grad():
            self.network_.output.copy_(self.network_.output[:, order])
            self.network_.bias.copy_(self.network_.bias[order])

    def _describe(self, log_p: NDArray[np.float32]) -> None:
        """Set the figures of the fit and what its label-free diagnosis found."""
        prior = prior_vector(self.prior, self.n_clusters)
        figures = summarise(log_p, prior, self._remedies())
        self.cluster_sizes_ = figures.sizes
        self.conditional_entropy_ = figures.conditional_entropy
        self.marginal_entropy_ = figures.marginal_entropy
        self.collapse_ = figures.collapse
        if self.prior_tolerance is not None:
            unsatisfied = figures.unsatisfied_prior(self.prior_tolerance, self.balance_)
            self.collapse_ = [*self.collapse_, *unsatisfied]
