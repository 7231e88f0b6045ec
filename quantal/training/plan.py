"""What a run of training is told: how long, how fast, in which order."""

from __future__ import annotations

from dataclasses import dataclass

from .batches import Groups, batches_per_epoch
from .schedules import Schedule, constant


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train.

    Attributes:
        n_rows: Rows of the data.
        n_epochs: Passes over the data.
        batch_size: Rows of a step.
        learning_rate: the optimiser's step size.
        weight_decay: Coupled L2 rate: ``rate * theta`` is added to the gradient of every
            parameter, biases and batch norm included, before the optimiser, as the papers' codes
            do.
        schedule: Factor of the learning rate as a function of the share done.
        patience: Stop when the epoch's total has not improved for so many epochs; None: never.
        seed: Source of the row order.
        batches: "permuted" or "drawn"; see `quantal.training.batches.epoch_order`.
        groups: Rows that the order keeps together, or None.
        momentum: None: Adam; a number: stochastic gradient descent with that momentum.
        dampening: Share of each gradient that its momentum leaves out.
        epsilon_hat: Whether Adam adds its epsilon before the bias correction; see
            `quantal.training.optimizer`.
        bias_rate: Factor of the learning rate for parameters with one axis (biases); the papers'
            Caffe codes have 2.
        most_steps: Stop after so many steps, within a pass if need be; None: after whole passes.
    """

    n_rows: int
    n_epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    schedule: Schedule = constant
    patience: int | None = None
    seed: int = 0
    batches: str = "permuted"
    groups: Groups | None = None
    momentum: float | None = None
    dampening: float = 0.0
    epsilon_hat: bool = False
    bias_rate: float = 1.0
    most_steps: int | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Steps in one pass over the data."""
        return batches_per_epoch(self.n_rows, min(self.batch_size, self.n_rows))

    @property
    def n_steps(self) -> int:
        """Steps in the whole plan."""
        whole = self.steps_per_epoch * self.n_epochs
        return whole if self.most_steps is None else min(whole, self.most_steps)
