"""What clusterers with a network share: validation, attempts, prediction, saving."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin

from ..data.preparation import Preparation, learn_preparation
from ..errors import CollapseWarning, DataError
from ..estimators.input_rows import data_fingerprint, len_of
from ..networks import MLP
from ..training import (
    Checkpoints,
    Plan,
    ProgressBar,
    Run,
    Step,
    resolve_device,
    resolve_dtype,
    schedule_named,
)
from ..training.attempts import Attempts, Outcome, load_outcome, train_best
from ..training.checkpoint import fingerprint
from ..training.loop import Listener
from ..training.randomness import PURPOSES, derived_generator, derived_seed, seed_from
from ..training.rows import Rows
from . import defaults
from .balance import InformationTerm, information_term, prior_vector
from .cluster_folder import ClusterFolder
from .parameters import require_shared_parameters
from .prediction import NetworkPrediction, log_probabilities
from .summary import summarise
from .warm_start import start_at_kmeans, starts_at_kmeans

MAX_RUNGS = 16


class NetworkClusterer(
    NetworkPrediction,
    ClusterFolder,
    ClusterMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
    ABC,
):
    """Base of RIM and IMSAT; see those. Subclasses hold the parameters and build the step."""

    # The subclasses' constructors store these; annotated here for the shared code.
    n_clusters: int
    hidden_layer_sizes: Any
    trade_off: Any
    balance: float
    prior: Any
    prior_tolerance: float | None
    scaling: str
    n_epochs: Any
    batch_size: Any
    learning_rate: float
    learning_rate_schedule: str
    weight_decay: float
    init: str
    n_init: Any
    patience: int | None
    random_state: Any
    device: str
    precision: str
    checkpoint: str | None
    checkpoint_every: float
    resume: bool
    verbose: int

    @abstractmethod
    def _step_maker(self, rows: Rows, seed: int) -> Callable[..., Step]:
        """Return a function (network, information, generator) -> step for these rows."""

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Cluster the rows of ``X``.

        Args:
            X: (n, d) vectors, or (n, h, w) or (n, h, w, c) images of any real dtype: array, memory
                map or SciPy sparse matrix; or what `quantal.features.open_features` takes or gives.
            y: accepted and never read.

        Raises:
            DataError: The rows cannot be used: nan, too few, all identical.
            ParameterError: A parameter is out of its range.
            NonFiniteLossError: Training broke down.
        """
        self._require_parameters()
        x = self._read(X, reset=True)
        if len_of(x) < self.n_clusters:
            raise DataError(
                f"X has n_samples={len_of(x)} rows, fewer than n_clusters={self.n_clusters}. "
                "Ask for fewer clusters, or pass more rows."
            )
        seed = self._seed = seed_from(self.random_state)
        self._optimizer_state: dict[str, Any] | None = None  # partial_fit then starts afresh
        self._set_up(x)
        rows = Rows(x, self.preparation_, self._device)
        outcome = self._train(rows, seed)
        self.network_ = self._new_network(seed, outcome.number)
        progress = load_outcome(self.network_, outcome)
        self._order_clusters(log_probabilities(self.network_, rows))
        log_p = log_probabilities(self.network_, rows)
        self.labels_ = log_p.argmax(axis=1)
        self.objective_ = outcome.objective
        self.history_ = progress.history
        self.n_iter_ = len(progress.history["total"])
        self._describe(log_p)
        self.data_ = data_fingerprint(x)
        return self

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Train on the rows of ``X`` for one pass, going on from what is there.

        The first call learns the scaling and makes the network; pass rows that are typical of
        the data. Parameters such as ``n_epochs`` and ``n_init`` do not apply.

        Args:
            X: as for `fit`; later calls may hold fewer rows than clusters.
            y: accepted and never read.

        Raises:
            DataError: The rows cannot be used.
        """
        self._require_parameters()
        first = not hasattr(self, "network_")
        x = self._read(X, reset=first)
        if first:
            self._set_up(x)
            self._seed = seed_from(self.random_state)
            self.network_ = self._new_network(self._seed, 0)
            self.history_ = {}
            self.n_iter_ = 0
            self._optimizer_state = None
        rows = Rows(x, self.preparation_, self._device)
        seed = derived_seed(getattr(self, "_seed", 0), self.n_iter_)
        generator = derived_generator(seed, PURPOSES["step"])
        step = self._step_maker(rows, seed)(
            self.network_.train(), self._information(self.balance, None), generator
        )
        run = Run(self.network_, step, self._plan(rows, seed, n_epochs=1), generator)
        state = getattr(self, "_optimizer_state", None)  # absent after load
        if state is not None:
            run.optimizer.load_state_dict(state)
        run.train()
        self._optimizer_state = run.optimizer.state_dict()
        for name, values in run.progress.history.items():
            self.history_.setdefault(name, []).extend(values)
        self.n_iter_ += 1
        log_p = log_probabilities(self.network_, rows)
        self.labels_ = log_p.argmax(axis=1)
        self.objective_ = self.history_["total"][-1]
        self.data_ = data_fingerprint(x)
        return self

    def _set_up(self, x: Any) -> None:
        """Learn what precedes the network; everything here is forgotten by the next fit."""
        self._device = resolve_device(self.device)
        self.preparation_: Preparation = learn_preparation(
            x, self.scaling, keep_order=self._has_layout()
        )
        self.hidden_layer_sizes_ = defaults.hidden_layer_sizes(self.hidden_layer_sizes, len_of(x))
        self._dtype = resolve_dtype(self.precision, self._device, self.hidden_layer_sizes_)

    def _has_layout(self) -> bool:
        return False

    def _trade_off(self) -> float:
        return float(self.trade_off)

    def _require_parameters(self) -> None:
        require_shared_parameters(self)

    def _plan(self, rows: Rows, seed: int, n_epochs: int | None = None) -> Plan:
        size = defaults.batch_size(self.batch_size, len(rows))
        return Plan(
            n_rows=len(rows),
            n_epochs=n_epochs or defaults.n_epochs(self.n_epochs, len(rows), size, self.n_clusters),
            batch_size=size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            schedule=schedule_named(self.learning_rate_schedule),
            patience=self.patience,
            seed=derived_seed(seed, PURPOSES["order"]),
        )

    def _new_network(self, seed: int, attempt: int) -> MLP:
        generator = derived_generator(seed, PURPOSES["network"], attempt)
        shape = (self.n_features_in_, self.hidden_layer_sizes_, self.n_clusters)
        return MLP(*shape, generator).to(self._device)

    def _information(self, balance: float, slack: float | None) -> InformationTerm:
        return information_term(self.prior, self.n_clusters, balance, slack, self._device)

    def _rung(self, number: int) -> InformationTerm:
        """Return the information term of a rung of the penalty ladder (Eq. 19, appendix B)."""
        if self.prior_tolerance is None:
            return self._information(self.balance, None)
        prior = prior_vector(self.prior, self.n_clusters)
        slack = self.prior_tolerance * -float(np.sum(prior * np.log(prior)))
        return self._information(1.0 if number == 0 else 2.0 * number, slack)  # 1, 2, 4, 6, ...

    def _train(self, rows: Rows, seed: int) -> Outcome:
        n_restarts = defaults.n_init(self.n_init, len(rows))
        plan = self._plan(rows, seed)
        n_rungs = 1 if self.prior_tolerance is None else MAX_RUNGS

        def build(number: int, listeners: list[Listener]) -> Run:
            generator = derived_generator(seed, PURPOSES["step"], number)
            network = self._new_network(seed, number)
            if starts_at_kmeans(self.init, number % n_restarts, n_restarts):
                shares = prior_vector(self.prior, self.n_clusters)
                start = derived_seed(seed, number)
                start_at_kmeans(network, rows, shares, plan.learning_rate, start)
            step = make_step(network, self._rung(number // n_restarts), generator)
            attempt_plan = self._plan(rows, derived_seed(seed, number))
            return Run(network, step, attempt_plan, generator, listeners)

        judge = partial(self._judge, rows)
        accept = partial(self._satisfies_prior, rows, seed)
        attempts = Attempts(build, judge, accept, n_restarts, n_rungs)
        checkpoints = self._checkpoints(rows, seed)
        total = plan.n_steps * n_restarts * n_rungs
        with ProgressBar(type(self).__name__, total, shown=bool(self.verbose)) as bar:
            bar.preparing(f"preparing {len(rows)} rows")
            make_step = self._step_maker(rows, seed)
            bar.training()
            outcome = train_best(attempts, bar, checkpoints, resume=self.resume)
        if checkpoints is not None:
            checkpoints.clear()
        self.balance_ = self._rung(outcome.number // n_restarts).balance
        return outcome

    def _checkpoints(self, rows: Rows, seed: int) -> Checkpoints | None:
        if self.checkpoint is None:
            return None
        silent = {"checkpoint", "checkpoint_every", "resume", "verbose", "random_state"}
        settings = {k: v for k, v in self.get_params().items() if k not in silent}
        seeded = seed if self.random_state is not None else None
        owner = fingerprint({**settings, "seed": seeded, "data": data_fingerprint(rows.x)})
        return Checkpoints(Path(self.checkpoint), owner, self.checkpoint_every)

    def _judge(self, rows: Rows, run: Run) -> float:
        """Penalties less mutual information, by the marginals of all rows.

        A restart is chosen with balance 1, whatever it was trained with: a higher one helps
        training out of merged clusters, but would prefer undecided rows to unequal clusters.
        """
        network = cast(MLP, run.network)
        log_p = torch.from_numpy(log_probabilities(network, rows)).to(self._device)
        information, _ = self._information(1.0, None)(log_p)
        penalty = run.progress.history.get("penalty", [0.0])[-1]
        squares = sum(
            float(parameter.detach().square().sum()) for parameter in network.parameters()
        )
        return penalty + self._trade_off() * float(information) + 0.5 * self.weight_decay * squares

    def _satisfies_prior(self, rows: Rows, seed: int, best: Outcome) -> bool:
        if self.prior_tolerance is None:
            return True
        network = self._new_network(seed, best.number)
        load_outcome(network, best)
        figures = summarise(
            log_probabilities(network, rows), prior_vector(self.prior, self.n_clusters)
        )
        return not figures.unsatisfied_prior(self.prior_tolerance, 0.0)

    def _order_clusters(self, log_p: NDArray[np.float32]) -> None:
        """Number the clusters by size, largest first, unless the prior gives them identities."""
        if self.prior is not None and not isinstance(self.prior, str):
            return
        sizes = np.bincount(log_p.argmax(axis=1), minlength=self.n_clusters)
        order = torch.from_numpy(np.argsort(-sizes, kind="stable")).to(self._device)
        with torch.no_grad():
            self.network_.output.copy_(self.network_.output[:, order])
            self.network_.bias.copy_(self.network_.bias[order])

    def _describe(self, log_p: NDArray[np.float32]) -> None:
        """Set the figures of the fit and warn, without labels, if it collapsed."""
        prior = prior_vector(self.prior, self.n_clusters)
        figures = summarise(log_p, prior)
        self.cluster_sizes_ = figures.sizes
        self.conditional_entropy_ = figures.conditional_entropy
        self.marginal_entropy_ = figures.marginal_entropy
        self.collapse_ = figures.collapse
        if self.prior_tolerance is not None:
            unsatisfied = figures.unsatisfied_prior(self.prior_tolerance, self.balance_)
            self.collapse_ = [*self.collapse_, *unsatisfied]
        for finding in self.collapse_:
            warnings.warn(finding.message, CollapseWarning, stacklevel=3)
