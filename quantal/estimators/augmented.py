"""Self-augmented training for any estimator with a network: parameters, terms, the step."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..errors import DataError, ParameterError, require_choice, require_range
from ..graph import Progress
from ..networks import MLP
from ..training import Checkpoints, PassStep, Plan, ProgressBar, Run, Step, share_of
from ..training.attempts import Outcome
from ..training.randomness import PURPOSES, derived_seed
from ..training.rows import Rows
from . import defaults
from .network_estimator import NetworkEstimator
from .radius import neighbor_distances, with_floor
from .self_augmentation import (
    AdversarialTerm,
    Batch,
    RandomTerm,
    Term,
    ViewTerm,
    view_of,
    weighted_names,
)

UNITS = ("neighbors", "absolute")
AUTO = "auto"
LONGEST_WARM_UP = 5  # of "auto", which is a third of the epochs
NamedTerm = tuple[str, float, Term]


class SelfAugmented(NetworkEstimator):
    """A network estimator whose step also penalises predictions that an augmentation changes.

    Attributes:
        n_compared_: Rows in which neighbours were looked for; 0 if no neighbour distance was
            needed.
    """

    several_processes: ClassVar[bool] = True

    augmentation: Any
    warm_up: Any = None  # of those that do not offer it
    warm_up_epochs: Any = AUTO
    warm_up_starts: int = 1
    _warms_up: bool = False
    alpha: float
    n_neighbors: Any
    neighbor_sample: Any = "auto"
    radius: float | None
    xi: float
    units: str
    n_power: int
    image_shape: Any
    image_shape_: tuple[int, ...] | None
    _divergence: Callable[..., Tensor]

    @abstractmethod
    def _n_groups(self) -> int:
        """Return how many groups of alike rows the data may consist of."""

    def _require_augmentation(self) -> None:
        """Raise ParameterError for the first parameter of these that is out of its range."""
        weighted_names(self.augmentation)
        self._require_warm_up()
        defaults.trade_off(self.trade_off, ())
        require_range("alpha", self.alpha, low=0, low_open=True)
        defaults.n_neighbors(self.n_neighbors, 1, self._n_groups())
        defaults.neighbor_sample(self.neighbor_sample)
        require_range("xi", self.xi, low=0, low_open=True)
        require_range("n_power", self.n_power, low=1, integer=True)
        require_choice("units", self.units, UNITS)
        if self.radius is not None:
            require_range("radius", self.radius, low=0, low_open=True)

    def _require_warm_up(self) -> None:
        if self.warm_up_epochs != AUTO:
            require_range("warm_up_epochs", self.warm_up_epochs, low=1, integer=True)
        require_range("warm_up_starts", self.warm_up_starts, low=1, integer=True)

    def _require_fit_parameters(self) -> None:
        # Not of partial_fit: a loaded model has lost the views that it was warmed up by.
        if self.warm_up is None:
            return
        weighted_names(self.warm_up, "warm_up")
        if self.patience is not None:
            raise ParameterError(
                "patience compares the losses of passes, and those of the warm-up are of another "
                f"kind; got patience={self.patience} with warm_up={self.warm_up!r}. Pass "
                "patience=None."
            )

    def _trade_off(self) -> float:
        return defaults.trade_off(self.trade_off, self.hidden_layer_sizes_)

    def _has_layout(self) -> bool:
        named = weighted_names(self.augmentation)
        if self.warm_up is not None:
            named = named + weighted_names(self.warm_up, "warm_up")
        return any(kind == "affine" for _, kind, _ in named)

    def _image_shape(self) -> tuple[int, ...] | None:
        if self.image_shape is None:
            return self.image_shape_
        try:
            shape = tuple(int(size) for size in self.image_shape)
        except (TypeError, ValueError):
            shape = ()
        if len(shape) != 2 or min(shape) < 1 or shape[0] * shape[1] != self.n_features_in_:
            raise ParameterError(
                f"image_shape must be (h, w) with h * w = {self.n_features_in_}, the number of "
                f"columns, got {self.image_shape!r}."
            )
        return shape

    def _terms_of(self, parameter: str, distance: Tensor, rows: Rows) -> list[NamedTerm]:
        """Return name, weight and function of every term of R_SAT that a parameter asks for."""
        kinds = weighted_names(getattr(self, parameter), parameter)
        image_shape = self._image_shape()  # refused where it is wrong, needed or not
        radius = self.alpha * distance
        if self.radius is not None:
            radius = torch.full((len(rows),), float(self.radius), device=rows.device)
        xi = float(self.xi) if self.units == "absolute" else self.xi * distance
        terms: list[NamedTerm] = []
        for name, kind, weight in kinds:
            if kind == "vat":
                terms.append((name, weight, AdversarialTerm(radius, xi, self.n_power)))
            elif kind == "rpt":
                terms.append((name, weight, RandomTerm(radius)))
            else:
                view = view_of(kind, image_shape, parameter)
                terms.append((name, weight, ViewTerm(view, parameter)))
        return terms

    def _needs_distance(self, parameter: str) -> bool:
        """Tell whether a term that a parameter asks for needs to know how far neighbours are."""
        kinds = [kind for _, kind, _ in weighted_names(getattr(self, parameter), parameter)]
        if "vat" in kinds and self.units == "neighbors":
            return True
        return self.radius is None and ("vat" in kinds or "rpt" in kinds)

    def _neighbor_distances(self, rows: Rows, seed: int, progress: Progress | None) -> Tensor:
        """Return the distance of each row to its near neighbour, shape (n,)."""
        if len(rows) < 2:
            raise DataError(
                "X has only 1 row, and the radius is measured to its neighbours. Pass at least 2 "
                "rows, or set radius and units='absolute'."
            )
        sample_seed = derived_seed(seed, PURPOSES["radius"])
        rank = defaults.n_neighbors(self.n_neighbors, len(rows), self._n_groups())
        wanted = defaults.neighbor_sample(self.neighbor_sample)
        found, self.n_compared_ = neighbor_distances(rows, rank, sample_seed, wanted, progress)
        if self.units == "neighbors":
            found = with_floor(found, self.n_features_in_)
        return torch.from_numpy(found).to(rows.device)

    def _phases(
        self, rows: Rows, seed: int, progress: Progress | None = None
    ) -> list[list[NamedTerm]]:
        """Return the terms of the augmentation, and behind them those of the warm-up if any."""
        used = ["augmentation", *(["warm_up"] if self._warms_up else [])]
        distance, self.n_compared_ = torch.empty(0), 0
        if any(map(self._needs_distance, used)):
            distance = self._neighbor_distances(rows, seed, progress)
        return [self._terms_of(parameter, distance, rows) for parameter in used]

    def _step_maker(
        self, rows: Rows, seed: int, progress: Progress | None = None
    ) -> Callable[..., Step | PassStep]:
        phases = self._phases(rows, seed, progress)
        names = [name for phase in phases for name, _, _ in phase]  # every pass has them all
        n_first = self._warm_up_passes(self._plan(rows, seed)) if self._warms_up else 0
        trade_off = self._trade_off()

        def make(network: MLP, information: Any, generator: torch.Generator) -> Step | PassStep:
            def step(numbers: Tensor, number: int) -> dict[str, Tensor]:
                terms = phases[-1] if number < n_first else phases[0]
                share = share_of(len(numbers))
                x = rows.prepared(share.mine(numbers))
                bound = network.bind(self._dtype)
                clean = self._prediction(bound(x, "train"))
                divergence = partial(self._divergence, share=share)
                batch = Batch(numbers, x, clean.detach(), bound, rows, generator, divergence, share)
                values = dict.fromkeys(names, clean.new_zeros(()))
                values |= {name: term(batch) for name, _, term in terms}
                penalty = sum((weight * values[name] for name, weight, _ in terms), torch.zeros(()))
                information_value, parts = information(clean, share)
                total = penalty + trade_off * information_value
                return {**values, **parts, "penalty": penalty, "total": total}

            return PassStep(step) if len(phases) > 1 else partial(step, number=0)

        return make

    def _warm_up_passes(self, plan: Plan) -> int:
        """Return how many passes of a fit are its warm-up."""
        if self.warm_up_epochs == AUTO:
            return max(1, min(LONGEST_WARM_UP, plan.n_epochs // 3))
        return int(self.warm_up_epochs)

    def _plan(self, rows: Rows, seed: int, n_epochs: int | None = None) -> Plan:
        plan = super()._plan(rows, seed, n_epochs)
        if n_epochs is None and self.warm_up is not None:
            passes = self._warm_up_passes(plan)
            if plan.n_epochs <= passes:
                raise ParameterError(
                    f"warm_up_epochs must leave epochs for the augmentation, got {passes} of "
                    f"{plan.n_epochs}. Raise n_epochs ({self.n_epochs!r}), or lower warm_up_epochs."
                )
        return plan

    def _extra_steps(self, plan: Plan) -> int:
        if not self._warms_up:
            return 0
        return (int(self.warm_up_starts) - 1) * self._warm_up_passes(plan) * plan.steps_per_epoch

    def _begin(self, new_run: Callable[..., Run], bar: ProgressBar) -> Run:
        """Let several networks warm up, and go on with the one of the lowest loss."""
        runs = (new_run(start) for start in range(int(self.warm_up_starts)))
        if not self._warms_up or self.warm_up_starts == 1:
            return next(runs)
        return min(runs, key=partial(self._warmed_loss, bar))

    def _warmed_loss(self, bar: ProgressBar, run: Run) -> float:
        run.listeners = [bar]
        run.train(until=self._warm_up_passes(run.plan) * run.plan.steps_per_epoch)
        bar.steps_before += run.progress.step
        loss = run.progress.history["total"][-1]
        return loss if run.processes is None else run.processes.agreed(loss)

    def _train(self, rows: Rows, seed: int, checkpoints: Checkpoints | None) -> Outcome:
        self._warms_up = self.warm_up is not None
        try:
            return super()._train(rows, seed, checkpoints)
        finally:
            del self._warms_up  # passes of partial_fit go on from where a fit has come
