"""What estimators with a network share: attempts, checkpoints, one pass more, saving."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Self

from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..data.preparation import learn_preparation
from ..errors import CollapseWarning
from ..graph import Progress
from ..training import (
    Checkpoints,
    Collapse,
    PassStep,
    Plan,
    ProgressBar,
    Run,
    Step,
    resolve_device,
    resolve_dtype,
    schedule_of,
)
from ..training.attempts import Attempts, Outcome, load_outcome, train_best
from ..training.batches import batches_per_epoch
from ..training.loop import Listener
from ..training.randomness import PURPOSES, derived_generator, derived_seed
from ..training.rows import Rows
from . import defaults
from .fit_hooks import FitHooks
from .input_rows import RowReader, data_fingerprint, len_of
from .joint_fit import (
    agreed_seed,
    begun_with,
    checkpoints_of,
    processes_for,
    require_joint,
    shown_here,
)
from .network_folder import NetworkFolder


class NetworkEstimator(FitHooks, RowReader, NetworkFolder, ABC):
    """Base of all estimators that train a network by `quantal.training.Run`.

    A subclass holds the parameters and says what a step minimises (`_step_maker`), how good a
    finished run is (`_information_value`) and what a fit sets beside the network (`_conclude`).
    Everything else has a default that it may replace.

    Attributes:
        network_: The trained network.
        objective_: Value that the kept restart was chosen by; lower is better.
        history_: Mean of each named loss term in every epoch.
        n_iter_: Epochs trained.
        collapse_: What the label-free diagnosis found; empty if nothing.
        preparation_: How rows are brought to one scale.
        data_: Shape, dtype and fingerprint of the fit's rows.
        several_processes: Whether a fit can be shared by processes.
    """

    several_processes: ClassVar[bool] = False

    # The subclasses' constructors store these; annotated here for the shared code.
    hidden_layer_sizes: Any
    trade_off: Any
    scaling: str
    n_epochs: Any
    batch_size: Any
    learning_rate: float
    learning_rate_schedule: Any
    batches: str = "permuted"  # of those that do not choose
    epsilon_hat: bool = False
    weight_decay: float
    n_init: Any
    patience: int | None
    random_state: Any
    device: str
    precision: str
    checkpoint: str | None
    checkpoint_every: float
    resume: bool
    verbose: int

    collapse_: list[Collapse]
    history_: dict[str, list[float]]

    @abstractmethod
    def _step_maker(
        self, rows: Rows, seed: int, progress: Progress | None = None
    ) -> Callable[..., Step | PassStep]:
        """Return a function (network, stage, generator) -> step for these rows.

        ``progress`` hears which share of what precedes the first step is done.
        """

    def _prediction(self, logits: Tensor) -> Tensor:
        """Return what information terms and divergences take of the network's output."""
        return logits

    @abstractmethod
    def _information_value(self, network: Any, rows: Rows) -> float:
        """Return what ``trade_off`` weighs, by the marginals of all rows; lower is better."""

    @abstractmethod
    def _conclude(self, rows: Rows) -> None:
        """Set what a fit leaves beside the network, ``collapse_`` among it."""

    def _conclude_pass(self, rows: Rows) -> None:
        """Set what a call of ``partial_fit`` leaves beside the network."""

    @abstractmethod
    def _require_parameters(self) -> None:
        """Raise ParameterError for the first parameter that is out of its range."""

    def _widths(self, n_rows: int) -> tuple[int, ...]:
        """Return the widths of the hidden layers."""
        return defaults.hidden_layer_sizes(self.hidden_layer_sizes, n_rows)

    def _trade_off(self) -> float:
        return float(self.trade_off)

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Learn from the rows of ``X``.

        Args:
            X: (n, d) vectors, or (n, h, w) or (n, h, w, c) images of any real dtype: array, memory
                map or SciPy sparse matrix; or what `quantal.features.open_features` takes or gives.
            y: accepted and never read.

        Raises:
            DataError: The rows cannot be used: nan, too few, all identical.
            ParameterError: A parameter is out of its range.
            NonFiniteLossError: Training broke down.
            LostProcessError: One of several processes that share the fit ended.
        """
        self._require_parameters()
        self._require_fit_parameters()
        processes_for(self)
        x = self._read(X, reset=True)
        self._require_enough_rows(x)
        seed = self._seed = agreed_seed(self.random_state)
        self._optimizer_state: dict[str, Any] | None = None  # partial_fit then starts afresh
        self._set_up(x, begun_with(self))
        rows = Rows(x, self.preparation_, self._device, hold=self._pays_to_hold(len_of(x)))
        checkpoints = checkpoints_of(self, seed, self._identity(rows))
        outcome = self._train(rows, seed, checkpoints)
        self.network_ = self._new_network(seed, outcome.number)
        progress = load_outcome(self.network_, outcome)
        self.objective_ = outcome.objective
        self.history_ = progress.history
        self.n_iter_ = len(progress.history["total"])
        self._conclude(rows)
        self.data_ = data_fingerprint(x)
        if checkpoints is not None:
            checkpoints.clear()  # not before all rows have labels, which takes a while too
        for finding in self.collapse_ if shown_here() else ():
            warnings.warn(finding.message, CollapseWarning, stacklevel=2)
        return self

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Train on the rows of ``X`` for one pass, going on from what is there.

        The first call learns the scaling and makes the network; pass rows that are typical of
        the data. Parameters such as ``n_epochs`` and ``n_init`` do not apply.

        Args:
            X: as for `fit`; later calls may hold fewer rows.
            y: accepted and never read.

        Raises:
            DataError: The rows cannot be used.
        """
        self._require_parameters()
        processes = processes_for(self)
        first = not hasattr(self, "network_")
        x = self._read(X, reset=first)
        if first:
            self._set_up(x, {})
            self._seed = agreed_seed(self.random_state)
            self.network_ = self._new_network(self._seed, 0)
            self.history_ = {}
            self.n_iter_ = 0
            self._optimizer_state = None
        rows = Rows(x, self.preparation_, self._device)
        if first:
            self._start_pass(self.network_, rows, self._seed)
        seed = derived_seed(getattr(self, "_seed", 0), self.n_iter_)
        generator = derived_generator(seed, PURPOSES["step"], device=self._device)
        step = self._step_maker(rows, seed)(self.network_.train(), self._stage(None), generator)
        plan = self._plan(rows, seed, n_epochs=1)
        behind = self.n_iter_
        run = Run(self.network_, step, plan, generator, [], processes, passes_before=behind)
        state = getattr(self, "_optimizer_state", None)  # absent after load
        if state is not None:
            run.optimizer.load_state_dict(state)
        run.train()
        self._optimizer_state = run.optimizer.state_dict()
        for name, values in run.progress.history.items():
            self.history_.setdefault(name, []).extend(values)
        self.n_iter_ += 1
        self.objective_ = self.history_["total"][-1]
        self._conclude_pass(rows)
        self.data_ = data_fingerprint(x)
        return self

    def _set_up(self, x: Any, begun: Mapping[str, str]) -> None:
        """Learn what precedes the network; everything here is forgotten by the next fit.

        ``begun`` has what "auto" stands for in a fit that is resumed, see `begun_with`.
        """
        self._device = resolve_device(begun.get("device", self.device))
        self.preparation_ = learn_preparation(x, self.scaling, keep_order=self._has_layout())
        self.hidden_layer_sizes_ = self._widths(len_of(x))
        precision = begun.get("precision", self.precision)
        self._dtype = resolve_dtype(precision, self._device, self.hidden_layer_sizes_)

    def _plan(self, rows: Rows, seed: int, n_epochs: int | None = None) -> Plan:
        size = defaults.batch_size(self.batch_size, len(rows))
        epochs = n_epochs or defaults.n_epochs(self.n_epochs, len(rows), size, self._least_steps())
        per_epoch = batches_per_epoch(len(rows), size)
        return Plan(
            n_rows=len(rows),
            n_epochs=epochs,
            batch_size=size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            schedule=schedule_of(self.learning_rate_schedule, per_epoch, epochs),
            patience=self.patience,
            seed=derived_seed(seed, PURPOSES["order"]),
            batches=self.batches,
            epsilon_hat=bool(self.epsilon_hat),
        )

    def _new_network(self, seed: int, attempt: int) -> Any:
        generator = derived_generator(seed, PURPOSES["network"], attempt)
        return self._make_network(generator).to(self._device)

    def _train(self, rows: Rows, seed: int, checkpoints: Checkpoints | None) -> Outcome:
        n_restarts = defaults.n_init(self.n_init, len(rows))
        n_rungs = self._n_rungs()
        processes = processes_for(self)
        first_plan = self._plan(rows, seed)
        require_joint(processes, first_plan, self._identity(rows))
        extra = self._extra_steps(first_plan)
        n_steps = first_plan.n_steps + extra  # of one attempt

        def new_run(number: int, start: int = 0) -> Run:
            own = number + start * n_restarts * n_rungs
            generator = derived_generator(seed, PURPOSES["step"], own, device=self._device)
            network = self._new_network(seed, own)
            self._start(network, rows, derived_seed(seed, own), number % n_restarts, n_restarts)
            step = make_step(network, self._stage(number // n_restarts), generator)
            plan = self._plan(rows, derived_seed(seed, number))
            return Run(network, step, plan, generator, processes=processes)

        def build(number: int, listeners: list[Listener], is_new: bool) -> Run:
            bar.steps_before = number * n_steps
            run = self._begin(partial(new_run, number), bar) if is_new else new_run(number)
            run.listeners = listeners
            return run

        judge = partial(self._judge, rows)
        accept = partial(self._accept, rows, seed)
        attempts = Attempts(build, judge, accept, n_restarts, n_rungs, extra)
        total = n_steps * n_restarts * n_rungs
        shown = bool(self.verbose) and shown_here()
        with ProgressBar(type(self).__name__, total, shown=shown, note=self._epoch_note) as bar:
            bar.preparing(f"preparing {len(rows)} rows")
            make_step = self._step_maker(rows, seed, bar.prepared)
            bar.training()
            outcome = train_best(
                attempts, bar, checkpoints, resume=self.resume, processes=processes
            )
        self._kept_rung = outcome.number // n_restarts
        return outcome

    def _identity(self, rows: Rows) -> dict[str, Any]:
        """Describe what is learned from, so that a checkpoint of other data is not taken up."""
        return {"data": data_fingerprint(rows.x)}

    def _judge(self, rows: Rows, run: Run) -> float:
        """Return the value that restarts are compared by, on all rows and without labels."""
        information = self._information_value(run.network, rows)
        penalty = run.progress.history.get("penalty", [0.0])[-1]
        squares = sum(float(p.detach().square().sum()) for p in run.network.parameters())
        return penalty + self._trade_off() * information + 0.5 * self.weight_decay * squares

    def _rows_to_read(self, X: ArrayLike) -> Rows:
        check_is_fitted(self)
        x = self._read(X, reset=False)
        self._require_unit_of_fit(x)
        return Rows(x, self.preparation_, self._device, hold=False)
