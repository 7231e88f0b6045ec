"""The optimiser of a plan, and what changes about it from step to step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from .plan import Plan

RATE_FACTOR = "rate_factor"  # of a group of parameters
EPSILON = 1e-8
DECAY_OF_SQUARES = 0.999


def optimizer_of(parameters: Iterable[Tensor], plan: Plan) -> torch.optim.Optimizer:
    """Return the plan's optimiser, in its fused form."""
    trained: list[Any] = list(parameters)
    rate, decay = plan.learning_rate, plan.weight_decay
    if plan.bias_rate != 1:
        biases = [tensor for tensor in trained if tensor.ndim == 1]
        others = [tensor for tensor in trained if tensor.ndim != 1]
        trained = [{"params": others}, {"params": biases, RATE_FACTOR: plan.bias_rate}]
    if plan.momentum is None:
        betas = (0.9, DECAY_OF_SQUARES)
        return torch.optim.Adam(
            trained, lr=rate, betas=betas, eps=EPSILON, weight_decay=decay, fused=True
        )
    return torch.optim.SGD(
        trained,
        lr=rate,
        weight_decay=decay,
        momentum=plan.momentum,
        dampening=plan.dampening,
        fused=True,
    )


def set_rates(optimizer: torch.optim.Optimizer, plan: Plan, done: float) -> None:
    """Set what the next step takes: the learning rate, and Adam's epsilon where it varies.

    Adam divides by ``sqrt(v / c) + epsilon`` with ``c = 1 - 0.999^t`` in step t. Where the epsilon
    is added before the correction, to ``sqrt(v)``, that is an epsilon of ``1e-8 / sqrt(c)``: 32
    times as large in the first step and 10 times in the tenth. While gradients are that small, as
    they are where outputs begin at 1e-4, the first steps are then shorter than the learning rate.

    Args:
        optimizer: from `optimizer_of`.
        plan: that plan.
        done: share of the plan that is done, from 0 to 1.

    Source: Kingma, Ba 2015, end of Section 2 ("epsilon hat"), as Chainer and TensorFlow have it;
    Algorithm 1, as PyTorch has it, adds the epsilon after the correction.
    """
    rate = plan.learning_rate * plan.schedule(done)
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get(RATE_FACTOR, 1.0)
        if "eps" in group:  # Adam; set in both cases, as a plan may follow one of the other kind
            group["eps"] = EPSILON
            if plan.epsilon_hat:
                group["eps"] /= math.sqrt(1 - DECAY_OF_SQUARES ** (1 + _steps(optimizer)))


def _steps(optimizer: torch.optim.Optimizer) -> int:
    """Return how many steps Adam has taken; `partial_fit` goes on from those of earlier calls."""
    return int(next((state["step"] for state in optimizer.state.values()), 0))
