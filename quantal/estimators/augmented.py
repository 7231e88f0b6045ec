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
from ..training import Step, share_of
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


class SelfAugmented(NetworkEstimator):
    """A network estimator whose step also penalises predictions that an augmentation changes.

    Attributes:
        n_compared_: Rows in which neighbours were looked for; 0 if no neighbour distance was
            needed.
    """

    several_processes: ClassVar[bool] = True

    augmentation: Any
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
        defaults.trade_off(self.trade_off, ())
        require_range("alpha", self.alpha, low=0, low_open=True)
        defaults.n_neighbors(self.n_neighbors, 1, self._n_groups())
        defaults.neighbor_sample(self.neighbor_sample)
        require_range("xi", self.xi, low=0, low_open=True)
        require_range("n_power", self.n_power, low=1, integer=True)
        require_choice("units", self.units, UNITS)
        if self.radius is not None:
            require_range("radius", self.radius, low=0, low_open=True)

    def _trade_off(self) -> float:
        return defaults.trade_off(self.trade_off, self.hidden_layer_sizes_)

    def _has_layout(self) -> bool:
        kinds = [kind for _, kind, _ in weighted_names(self.augmentation)]
        return any(kind == "affine" for kind in kinds)

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

    def _terms(
        self, rows: Rows, seed: int, progress: Progress | None = None
    ) -> list[tuple[str, float, Term]]:
        """Return name, weight and function of every term of R_SAT."""
        kinds = weighted_names(self.augmentation)
        image_shape = self._image_shape()  # refused where it is wrong, needed or not
        adversarial = any(kind == "vat" for _, kind, _ in kinds)
        perturbed = adversarial or any(kind == "rpt" for _, kind, _ in kinds)
        needs_distance = perturbed and (
            self.radius is None or (adversarial and self.units == "neighbors")
        )
        distance = torch.empty(0)
        self.n_compared_ = 0
        if needs_distance:
            distance = self._neighbor_distances(rows, seed, progress)
        radius = self.alpha * distance
        if self.radius is not None:
            radius = torch.full((len(rows),), float(self.radius), device=rows.device)
        xi = float(self.xi) if self.units == "absolute" else self.xi * distance
        terms: list[tuple[str, float, Term]] = []
        for name, kind, weight in kinds:
            if kind == "vat":
                terms.append((name, weight, AdversarialTerm(radius, xi, self.n_power)))
            elif kind == "rpt":
                terms.append((name, weight, RandomTerm(radius)))
            else:
                terms.append((name, weight, ViewTerm(view_of(kind, image_shape))))
        return terms

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

    def _step_maker(
        self, rows: Rows, seed: int, progress: Progress | None = None
    ) -> Callable[..., Step]:
        terms = self._terms(rows, seed, progress)
        trade_off = self._trade_off()

        def make(network: MLP, information: Any, generator: torch.Generator) -> Step:
            def step(numbers: Tensor) -> dict[str, Tensor]:
                share = share_of(len(numbers))
                x = rows.prepared(share.mine(numbers))
                bound = network.bind(self._dtype)
                clean = self._prediction(bound(x, "train"))
                divergence = partial(self._divergence, share=share)
                batch = Batch(numbers, x, clean.detach(), bound, rows, generator, divergence, share)
                values = {name: term(batch) for name, _, term in terms}
                penalty = sum((weight * values[name] for name, weight, _ in terms), torch.zeros(()))
                information_value, parts = information(clean, share)
                total = penalty + trade_off * information_value
                return {**values, **parts, "penalty": penalty, "total": total}

            return step

        return make
