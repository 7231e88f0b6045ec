"""What a step of stochastic generative hashing minimises, and how long it trains."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ..errors import ParameterError
from ..estimators import NetworkEstimator
from ..estimators.blockwise import block_values
from ..estimators.defaults import batch_size
from ..estimators.joint_fit import processes_for
from ..graph import Progress
from ..objectives import (
    expected_generative_loss,
    expected_pair_loss,
    pair_surrogate,
    scaled_generative_loss,
    surrogate_loss,
)
from ..training import Plan, Run, Step, share_of
from ..training.batches import batches_per_epoch
from ..training.randomness import derived_seed
from ..training.rows import Rows
from .row_pairs import RowPairs, read_pairs
from .sgh_network import SGHNetwork
from .sgh_start import HARD, SAMPLED, start, suited_estimator
from .spread_rows import block_starts

AUTO = "auto"
SAMPLE_PURPOSE = 11
TABLE_FLOATS = 1 << 26  # 256 MiB of chances of agreement in one step
JUDGED_PAIRS = 10_000


class SGHTraining(NetworkEstimator):
    """Mixin with the training of SGH; see there."""

    n_bits: int
    estimator: str
    estimator_: str | None
    coding: str
    init: str
    decoder_init: str
    n_steps: int
    scale_deviation: float
    pair_weight: float
    pair_offset: Any

    several_processes: ClassVar[bool] = True
    _pairs_given: Any = None
    _pairs: RowPairs | None = None

    def fit(self, X: ArrayLike, y: object = None, *, pairs: Any = None) -> Self:  # noqa: ARG002
        """Learn from the rows of ``X``, and from pairs of them if there are any.

        Args:
            X: (n, d) vectors, or (n, h, w) or (n, h, w, c) images of any real dtype: array, memory
                map or SciPy sparse matrix; or what `quantal.features.open_features` takes or gives.
            y: accepted and never read.
            pairs: what is known of some pairs of rows: an (m, 3) array of row numbers i and j,
                counted from 0, and of 1 (they belong together) or 0 (they do not); or a tuple
                (i, j, similar) of arrays. Both kinds are needed. None: nothing is known.

        Raises:
            DataError: The rows cannot be used (nan, too few, all identical), or the pairs cannot.
            ParameterError: A parameter is out of its range.
            NonFiniteLossError: Training broke down.
        """
        return self._with_pairs(super().fit, X, pairs)

    def partial_fit(self, X: ArrayLike, y: object = None, *, pairs: Any = None) -> Self:  # noqa: ARG002
        """Train on the rows of ``X`` for one pass, going on from what is there.

        The first call learns the scaling and makes the network; pass rows that are typical of
        the data. Parameters such as ``n_epochs`` and ``n_init`` do not apply.

        Args:
            X: as for `fit`; later calls may hold fewer rows.
            y: accepted and never read.
            pairs: as for `fit`, of rows of this ``X``.

        Raises:
            DataError: The rows or the pairs cannot be used.
        """
        return self._with_pairs(super().partial_fit, X, pairs)

    def _with_pairs(self, learn: Callable[..., Self], X: ArrayLike, pairs: Any) -> Self:
        self._pairs_given, self._pairs = pairs, None
        try:
            learn(X)
        finally:
            del self._pairs_given, self._pairs  # a fitted model holds none of its data
        return self

    def _require_enough_rows(self, x: Any) -> None:
        """Check the pairs before anything slow; there is no least number of rows."""
        self._read_pairs(int(x.shape[0]))

    def _read_pairs(self, n_rows: int) -> RowPairs | None:
        if self._pairs_given is None or self._pairs is not None:
            return self._pairs
        if self.coding == "01" and self.pair_offset != "learn" and self.pair_offset <= 0:
            raise ParameterError(
                f"pair_offset must be 'learn' or above 0 with coding='01', got {self.pair_offset}: "
                "codes of 0 and 1 never agree less than not at all, so no pair could be told "
                "apart. Use coding='pm1'."
            )
        self._pairs = read_pairs(self._pairs_given, n_rows)
        return self._pairs

    def _identity(self, rows: Rows) -> dict[str, Any]:
        pairs = None if self._pairs is None else self._pairs.fingerprint()
        return {**super()._identity(rows), **({} if pairs is None else {"pairs": pairs})}

    def _set_up(self, x: Any, begun: Mapping[str, str]) -> None:
        super()._set_up(x, begun)
        self.estimator_ = begun.get("estimator") if self.estimator == AUTO else self.estimator

    def _known_estimator(self, rows: Rows, seed: int) -> str:
        """Return the gradient of this fit, chosen before its first step where it is "auto"."""
        if self.estimator != AUTO:
            self.estimator_ = self.estimator  # may have been set since the last pass
        if self.estimator_ is None:
            chosen = suited_estimator(self._new_network(seed, 0), rows, seed, self.init)
            processes = processes_for(self)  # the last bits of a product differ between machines
            is_hard = chosen == HARD if processes is None else processes.agreed(chosen == HARD)
            self.estimator_ = HARD if is_hard else SAMPLED
        return self.estimator_

    def _start(self, network: Any, rows: Rows, seed: int, restart: int, n_restarts: int) -> None:  # noqa: ARG002
        start(network, rows, seed, self.init, self.decoder_init)

    def _start_pass(self, network: Any, rows: Rows, seed: int) -> None:
        start(network, rows, seed, self.init, self.decoder_init)

    def _plan(self, rows: Rows, seed: int, n_epochs: int | None = None) -> Plan:
        n = len(rows)
        passes = n_epochs
        if passes is None and self._is_budgeted():
            steps = batches_per_epoch(n, batch_size(self.batch_size, n))
            passes = max(1, round(int(self.n_steps) / steps))
        plan = super()._plan(rows, seed, passes)
        if n_epochs is None and self._is_budgeted():
            return dataclasses.replace(plan, n_rows=min(n, int(self.n_steps) * plan.batch_size))
        return plan

    def _pays_to_hold(self, n_rows: int) -> bool:
        budget = int(self.n_steps) * batch_size(self.batch_size, n_rows)
        return not self._is_budgeted() or budget > n_rows

    def _is_budgeted(self) -> bool:
        return isinstance(self.n_epochs, str) and self.n_epochs == "auto"

    def _stage(self, rung: int | None) -> bool:
        """Tell whether ``n_steps`` limits the rows: a pass of ``partial_fit`` sees all of its."""
        return rung is not None and self._is_budgeted()

    def _step_maker(
        self,
        rows: Rows,
        seed: int,
        progress: Progress | None = None,  # noqa: ARG002
    ) -> Callable[..., Step]:
        pairs = self._read_pairs(len(rows))
        deviation = float(self.scale_deviation)
        estimator = self._known_estimator(rows, seed)

        def make(network: SGHNetwork, is_budgeted: bool, generator: torch.Generator) -> Step:
            chosen = self._chosen(rows, seed) if is_budgeted else None

            def step(numbers: Tensor) -> dict[str, Tensor]:
                share = share_of(len(numbers))
                own = share.mine(numbers)
                x = rows.prepared(own if chosen is None else chosen[own])
                losses = surrogate_loss(
                    x,
                    network(x),
                    network.model(),
                    estimator,
                    generator,
                    scales=network.scales(x),
                    prior_deviation=deviation,
                    share=share,
                )
                total = share.mean(losses)
                if pairs is None:
                    return {"total": total}
                pair_term = self._pair_term(network, rows, pairs, len(numbers), generator)
                weighed = self._weight_of_pairs() * pair_term
                return {"description": total, "pairs": pair_term, "total": total + weighed}

            return step

        return make

    def _pair_term(
        self,
        network: SGHNetwork,
        rows: Rows,
        pairs: RowPairs,
        n_pairs: int,
        generator: torch.Generator,
    ) -> Tensor:
        """Return the mean loss of pairs that are drawn anew in every step."""
        estimator = cast("str", self.estimator_)
        if estimator == "analytic":
            n_pairs = max(1, min(n_pairs, TABLE_FLOATS // (int(self.n_bits) + 1) ** 2))
        share = share_of(n_pairs)
        drawn = pairs.draw(n_pairs, generator)[share.mine(torch.arange(n_pairs))]
        first, second = (network(rows.prepared(numbers)) for numbers in (drawn.first, drawn.second))
        alike = drawn.alike.to(first.device)
        losses = pair_surrogate(
            first, second, alike, estimator, generator, **network.pair_setting(), share=share
        )
        return share.mean(losses)

    def _weight_of_pairs(self) -> float:
        """Return the weight in nats: a row's description length grows with its columns."""
        return float(self.pair_weight) * self.n_features_in_

    def _chosen(self, rows: Rows, seed: int) -> Tensor | None:
        """Return the numbers of the rows to train on, or None for all."""
        n = len(rows)
        most = int(self.n_steps) * batch_size(self.batch_size, n)
        if most >= n:
            return None
        generator = np.random.default_rng(derived_seed(seed, SAMPLE_PURPOSE))
        return torch.from_numpy(np.sort(generator.choice(n, most, replace=False, shuffle=False)))

    def _judge(self, rows: Rows, run: Run) -> float:
        return self._information_value(run.network, rows)

    def _information_value(self, network: Any, rows: Rows) -> float:
        """Return the mean of the loss in closed form over rows spread evenly, and over pairs."""
        model, deviation = network.model(), float(self.scale_deviation)

        def losses(x: Tensor) -> Tensor:
            scales = network.scales(x)
            if scales is None:
                return expected_generative_loss(x, network(x), model)[:, None]
            return scaled_generative_loss(x, network(x), scales, model, prior_deviation=deviation)[
                :, None
            ]

        starts = block_starts(len(rows), int(rows.x.shape[1]))
        total, count = 0.0, 0
        for _, values in block_values(rows, losses, starts):
            total += float(values.double().sum())
            count += len(values)
        value = total / count
        if self._pairs is not None:
            value += self._weight_of_pairs() * self._mean_pair_loss(network, rows, self._pairs)
        return value

    @torch.no_grad()
    def _mean_pair_loss(self, network: SGHNetwork, rows: Rows, pairs: RowPairs) -> float:
        """Return the mean in closed form over at most 10,000 of the pairs."""
        judged, step = pairs.spread(JUDGED_PAIRS), 1024
        total = 0.0
        for begin in range(0, len(judged), step):
            part = judged[begin : begin + step]
            first, second = (network(rows.prepared(n)) for n in (part.first, part.second))
            alike = part.alike.to(first.device)
            losses = expected_pair_loss(first, second, alike, **network.pair_setting())
            total += float(losses.double().sum())
        return total / len(judged)
